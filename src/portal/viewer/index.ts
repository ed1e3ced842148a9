export { mountViewer, viewerRoutes } from './mount-viewer';
export { ViewerPortalModule } from './viewer-portal.module';
export { ExamImagesModule } from './retrieved-exam-images';
