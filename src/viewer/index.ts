/** What the browser needs to show images. */
export { Arrivals } from './dicomweb/arrivals';
export { ViewerFacade } from './dicomweb/facade';
export type * from './dicomweb/study-source';
export { grantCookie } from './grants/grant-cookie';
export { ViewerGrants } from './grants/viewer-grants';
export type { ViewerGrant } from './grants/viewer-grants';
export { readInvoke } from './invoke/invoke-request';
export type { InvokeRequest } from './invoke/invoke-request';
export { PendingInvokes } from './invoke/pending-invokes';
export { viewerStudyOf } from './dicomweb/viewer-study.mapper';
export { remoteStudySource } from './remote/remote-study-source';
export { ViewerFiles, viewerPolicy } from './ohif/viewer-files';
export { ViewerOpening } from './viewer-opening';
export type { Opened, OpenRequest } from './viewer-opening';
export { viewerConfig } from './viewer.config';
export { viewerErrors } from './viewer.errors';
export { ViewerModule } from './viewer.module';
