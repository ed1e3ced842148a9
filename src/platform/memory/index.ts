/** How much of the process's memory may be on its way through it. */
export { ByteBudget, type ByteLease } from './byte-budget';
