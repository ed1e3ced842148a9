export { frameSyslogMessage, writeSyslogMessage } from './syslog-message';
export type { SyslogMessage } from './syslog-message';
