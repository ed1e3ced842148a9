/** One message of RFC 5424. */
export interface SyslogMessage {
  /** RFC 5424, table 1: 10 security/authorization. */
  readonly facility: number;
  /** RFC 5424, table 2: 5 notice, 4 warning. */
  readonly severity: number;
  readonly at: Date;
  readonly hostName: string;
  readonly appName: string;
  readonly procId: string;
  readonly msgId: string;
  /** Elements of STRUCTURED-DATA, by SD-ID. */
  readonly structuredData?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** Text; sent as UTF-8 with its mark (RFC 5424, 6.4). */
  readonly text: string;
}

const byteOrderMark = '\ufeff';

/**
 * The octets of a message (RFC 5424, 6). Header fields keep printable US-ASCII only and their greatest lengths.
 * @throws RangeError when facility or severity is no number of the standard
 */
export function writeSyslogMessage(message: SyslogMessage): Buffer {
  const { facility, severity } = message;
  if (!isWithin(facility, 23) || !isWithin(severity, 7)) throw new RangeError('no such facility or severity');
  const header = [
    `<${facility * 8 + severity}>1`,
    message.at.toISOString(),
    field(message.hostName, 255),
    field(message.appName, 48),
    field(message.procId, 128),
    field(message.msgId, 32),
    structured(message.structuredData ?? {}),
  ].join(' ');
  return Buffer.from(`${header} ${byteOrderMark}${message.text}`, 'utf8');
}

/** The frame of syslog over TLS (RFC 5425, 4.3): length in octets, a space, the message. */
export function frameSyslogMessage(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `, 'latin1'), message]);
}

const isWithin = (value: number, max: number): boolean => Number.isInteger(value) && value >= 0 && value <= max;

/** PRINTUSASCII without spaces; an empty field is the NILVALUE. */
function field(value: string, lengthMax: number): string {
  return value.replace(/[^\x21-\x7e]/g, '').slice(0, lengthMax) || '-';
}

function structured(data: NonNullable<SyslogMessage['structuredData']>): string {
  const elements = Object.entries(data).map(([id, params]) => {
    const written = Object.entries(params).map(([name, value]) => ` ${sdName(name)}="${escaped(value)}"`);
    return `[${sdName(id)}${written.join('')}]`;
  });
  return elements.join('') || '-';
}

/** SD-NAME: no equals sign, bracket, quote or space, at most 32 characters. */
const sdName = (name: string): string => field(name.replace(/[=\]"]/g, ''), 32);

/** PARAM-VALUE, 6.3.3: quote, backslash and closing bracket are escaped. */
const escaped = (value: string): string => value.replace(/["\\\]]/g, (character) => `\\${character}`);
