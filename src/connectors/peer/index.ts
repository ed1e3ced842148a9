/** WADO-RS client towards the gateways of other hospitals. */
export { acceptList } from './accept-lists';
export type { ImageNeed } from './accept-lists';
export { mayPass } from './answer-errors';
export type { PeerInstance, PeerPart, UnreadablePart } from './answer-parts';
export { PeerClient } from './peer-client';
export type { Asker, ListedHosts, PeerRequest, PeerSettings } from './peer-client';
export { peerAddress } from './peer-address';
export { peerConfig } from './peer.config';
export { peerErrors } from './peer.errors';
export { PeerModule, PeerService } from './peer.module';
export { StructureDispatchers } from './structure-dispatchers';
