export { portalConfig } from './portal.config';
export { PortalModule } from './portal.module';
export { userOf } from './session/portal-user';
export type { PortalRole, PortalUser } from './session/portal-user';
export { ScreenFormat } from './screen/format';
export { followPortalFiles, portalTls } from './portal-tls';
export { setupPortal } from './setup-portal';
export { hospitalOidcConfig, ProfessionalSessions } from './login';
