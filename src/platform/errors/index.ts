export { allErrors, defineErrors, describeCause, GatewayError } from './catalogue';
export type { ErrorEntry, GatewayErrorOptions } from './catalogue';
export { platformErrors } from './platform.errors';
