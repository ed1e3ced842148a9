import { LoggerService } from '@nestjs/common';
import pino from 'pino';
import { correlationId } from './correlation';

/** Names under which an identity, a token or a secret could travel: their values never reach the log. */
const redacted = [
  'authorization',
  'cookie',
  'token',
  'access_token',
  'refresh_token',
  'id_token',
  'password',
  'passphrase',
  'secret',
  'ins',
  'matricule',
  'patient',
  'patientName',
  'patientId',
  'birthDate',
  'family',
  'given',
  'PatientName',
  'PatientID',
];
const paths = redacted.flatMap((name) => [name, `*.${name}`, `*.*.${name}`, `headers["${name}"]`]);

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';
export type LogFacts = Record<string, string | number | boolean | undefined | null | readonly (string | number)[]>;

let root = pino({ level: 'info', redact: { paths, censor: '[redacted]' }, mixin });

function mixin(): object {
  const id = correlationId();
  return id ? { correlationId: id } : {};
}

/** Sets the level and the destination once, at start (tests write to memory). */
export function configureLogging(options: { level: LogLevel; destination?: pino.DestinationStream }): void {
  root = pino(
    { level: options.level, redact: { paths, censor: '[redacted]' }, mixin },
    options.destination ?? pino.destination(1),
  );
}

/** Log of one room. Facts are flat and technical: exchanges, never people. */
export class Logger {
  constructor(private readonly room: string) {}

  debug(facts: LogFacts, message: string): void {
    root.debug({ room: this.room, ...facts }, message);
  }
  info(facts: LogFacts, message: string): void {
    root.info({ room: this.room, ...facts }, message);
  }
  warn(facts: LogFacts, message: string): void {
    root.warn({ room: this.room, ...facts }, message);
  }
  error(facts: LogFacts, message: string): void {
    root.error({ room: this.room, ...facts }, message);
  }
}

/** What Nest itself says, in the same log. */
export class NestLog implements LoggerService {
  private readonly logger = new Logger('nest');
  log(message: unknown): void {
    this.logger.debug({}, String(message));
  }
  warn(message: unknown): void {
    this.logger.warn({}, String(message));
  }
  error(message: unknown): void {
    this.logger.error({}, message instanceof Error ? message.message : String(message));
  }
}
