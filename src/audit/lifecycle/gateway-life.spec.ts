import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { defineSlice, loadConfig, Slice, text, variable } from '../../platform/config';
import { MemoryAuditTrail } from '../trail/audit-trail';
import { GatewayLife } from './gateway-life';

const toy = defineSlice('toy', {
  name: variable('DRIMBOX_TOY', text.path().default('a'), { describe: 'a name' }),
  secret: variable('DRIMBOX_SECRET', text.path().optional(), { describe: 'a secret', secret: true }),
  certificateFile: variable('DRIMBOX_CERT', text.path().optional(), { describe: 'a certificate' }),
  structures: variable('DRIMBOX_STRUCTURES', text.json(z.array(z.looseObject({}))).default([]), { describe: 'a list' }),
});
const slices = [toy as unknown as Slice];

describe('the life of the gateway in the trail', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'drimbox-life-'));
  afterAll(() => rmSync(dataDir, { recursive: true, force: true }));
  const certificate = (name: string, subject: string) => {
    const file = join(dataDir, name);
    execFileSync(
      'openssl',
      [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2'],
        ...['-subj', `/CN=${subject}`, '-keyout', join(dataDir, 'key.pem'), '-out', file],
      ],
      { stdio: 'ignore' },
    );
    return file;
  };

  /** One run with these settings. @returns the events, as kind and facts */
  async function run(settings: Record<string, string>, between?: (life: GatewayLife) => Promise<void>) {
    const trail = new MemoryAuditTrail();
    const config = loadConfig(slices, settings, { production: false });
    const life = new GatewayLife(trail, { slices, config }, { dataDir });
    await life.started();
    await between?.(life);
    await life.stopped();
    await life.stopped();
    return trail.events.map(({ kind, facts }) => {
      const { process: _process, node: _node, configuration: _configuration, ...rest } = facts ?? {};
      return [kind, rest];
    });
  }

  it('tells start and stop, what changed since the last run by name and never by value, and certificates at once', async () => {
    const first = certificate('first.pem', 'first');
    const started = ['gateway.started', {}];
    const stopped = ['gateway.stopped', {}];
    expect(await run({ DRIMBOX_SECRET: 'hunter2', DRIMBOX_CERT: first })).toEqual([started, stopped]);
    expect(await run({ DRIMBOX_SECRET: 'hunter2', DRIMBOX_CERT: first })).toEqual([started, stopped]);
    const changed = await run({ DRIMBOX_SECRET: 'hunter3', DRIMBOX_TOY: 'b', DRIMBOX_CERT: first }, async (life) => {
      certificate('first.pem', 'second');
      await life.look();
      await life.look();
    });
    const sha256 = expect.stringMatching(/^[0-9a-f]{64}$/);
    expect(changed).toEqual([
      started,
      ['configuration.changed', { changed: 'DRIMBOX_SECRET DRIMBOX_TOY' }],
      ['certificate.changed', { use: 'toy.certificateFile', sha256, before: sha256 }],
      stopped,
    ]);
    const seal = certificate('seal.pem', 'seal');
    const structures = JSON.stringify([{ seal: { certificateFile: seal } }]);
    expect(await run({ DRIMBOX_STRUCTURES: structures, DRIMBOX_CERT: join(dataDir, 'absent.pem') })).toEqual([
      started,
      ['configuration.changed', { changed: 'DRIMBOX_CERT DRIMBOX_SECRET DRIMBOX_STRUCTURES DRIMBOX_TOY' }],
      ['certificate.changed', { use: 'toy.structures.0.seal.certificateFile', sha256, before: '' }],
      stopped,
    ]);
    expect(readFileSync(join(dataDir, 'audit', 'known.json'), 'utf8')).not.toMatch(/hunter|second/);
  });
});
