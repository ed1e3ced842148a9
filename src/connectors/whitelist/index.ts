export { WhitelistModule } from './whitelist.module';
export { WhitelistService, type RefreshOutcome } from './whitelist.service';
export type { WhitelistStatus } from './whitelist-alarm';
export { whitelistConfig } from './whitelist.config';
export { whitelistErrors } from './whitelist.errors';
export { printWhitelist, refreshWhitelist, showWhitelist, type WhitelistView } from './whitelist.cli';
export type { WhiteListEntry } from '../../standards/whitelist';
