export { LoginController } from './login.controller';
export { LoginService } from './login.service';
export { LoginsRepository } from './logins.repository';
export { nextPath } from './next-path';
export { ProfessionalSessions } from './professional-sessions';
