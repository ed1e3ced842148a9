import { ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { SandboxPki } from '../../sandbox/pki';
import { freePort } from './database';

/** One message as rsyslog understood it. */
export interface RsyslogLine {
  readonly facility: string;
  readonly severity: string;
  readonly time: string;
  readonly host: string;
  readonly app: string;
  readonly process: string;
  readonly id: string;
  readonly data: string;
  /** The record of the trail that it tells. */
  readonly record: string;
  readonly xml: string;
}

/**
 * Debian's rsyslog as an audit record repository: TLS by GnuTLS, client certificate by name, everything into a file before
 * it reads on (no queue in memory: a kill loses only what it has not read).
 */
export class Rsyslog {
  private readonly dir = mkdtempSync(join(tmpdir(), 'drimbox-rsyslog-'));
  private child: ChildProcess | undefined;

  private constructor(
    private readonly pki: SandboxPki,
    readonly port: number,
  ) {}

  static async start(pki: SandboxPki): Promise<Rsyslog> {
    const rsyslog = new Rsyslog(pki, await freePort());
    await rsyslog.start();
    return rsyslog;
  }

  async start(): Promise<void> {
    writeFileSync(join(this.dir, 'rsyslog.conf'), this.configuration());
    const args = ['-n', '-f', join(this.dir, 'rsyslog.conf'), '-i', join(this.dir, 'pid')];
    this.child = spawn('/usr/sbin/rsyslogd', args, { stdio: 'ignore' });
    for (let tries = 0; !(await this.isListening()); tries++) {
      if (tries > 1_200 || this.child.exitCode !== null) throw new Error('rsyslog did not start');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Ends it at once: what it has not read is gone. */
  async kill(): Promise<void> {
    const { child } = this;
    this.child = undefined;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
    rmSync(join(this.dir, 'pid'), { force: true });
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.dir, { recursive: true, force: true });
  }

  /** What came, in the order in which it came. */
  lines(): RsyslogLine[] {
    if (!existsSync(this.file)) return [];
    const lines = readFileSync(this.file, 'utf8').split('\n').filter(Boolean);
    return lines.map((line) => {
      const [facility, severity, time, host, app, process, id, data, ...xml] = line.split('\t');
      const text = xml.join('\t').replace(/^ ?\ufeff/, '');
      const record = /ParticipantObjectID="(\d+)"[^>]*><ParticipantObjectIDTypeCode csd-code="trail-record"/.exec(text);
      return { facility, severity, time, host, app, process, id, data, record: record?.[1] ?? '', xml: text };
    });
  }

  private get file(): string {
    return join(this.dir, 'audit.log');
  }

  private isListening(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect(this.port, '127.0.0.1');
      socket.once('connect', () => (socket.destroy(), resolve(true)));
      socket.once('error', () => resolve(false));
    });
  }

  private configuration(): string {
    const { cert, key } = this.pki.members.syslogServer;
    const fields = [
      'syslogfacility',
      'syslogseverity',
      'timereported:::date-rfc3339',
      'hostname',
      'app-name',
      'procid',
    ];
    const template = [...fields, 'msgid', 'structured-data', 'msg'].map((field) => `%${field}%`).join('\\t');
    return `
global(workDirectory="${this.dir}" maxMessageSize="64k" defaultNetstreamDriver="gtls"
  defaultNetstreamDriverCAFile="${this.pki.exchangeCa}"
  defaultNetstreamDriverCertFile="${cert}" defaultNetstreamDriverKeyFile="${key}")
module(load="imtcp" streamDriver.name="gtls" streamDriver.mode="1" streamDriver.authMode="x509/name"
  permittedPeer=["DRIMbox audit"])
template(name="line" type="string" string="${template}\\n")
ruleset(name="audit" queue.type="Direct") { action(type="omfile" file="${this.file}" template="line" asyncWriting="off") }
input(type="imtcp" address="127.0.0.1" port="${this.port}" ruleset="audit")
`;
  }
}
