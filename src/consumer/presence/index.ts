/** Which process of the gateway does what: for work that must survive the death of one. */
export { livingProcesses, Presence } from './presence';
export { PresenceModule } from './presence.module';
