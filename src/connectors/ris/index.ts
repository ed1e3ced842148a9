export type { MessageHandler, ReceivedMessage } from './message-handler';
export { MllpServer } from './mllp-server';
export type { MllpServerOptions } from './mllp-server';
export { opensClearText, risConfig } from './ris.config';
export { RisListener } from './ris.listener';
export { RisModule } from './ris.module';
export { findSender, noOverrides, sendersSchema } from './senders';
export type { SenderOverrides, SenderRule } from './senders';
