export { HospitalLoginController } from './hospital-login.controller';
export { HospitalOidc } from './hospital-oidc';
export { hospitalOidcConfig } from './hospital-oidc.config';
export { LoginController } from './login.controller';
export { LoginService } from './login.service';
export { LoginsRepository } from './logins.repository';
export { nextPath } from './next-path';
export { ProfessionalSessions } from './professional-sessions';
