export { Access, ACCESS_METADATA, accessKinds } from './access';
export type { AccessKind } from './access';
export { logFailure, problemOf, sendProblem, toGatewayError } from './problem';
export type { Problem } from './problem';
export { RateLimiter } from './rate-limiter';
export type { RateLimit } from './rate-limiter';
export { CallerGone, headerText, RawListener } from './raw-listener';
export type { Exchange, RawListenerHooks, RawListenerLimits, RawRoute } from './raw-listener';
