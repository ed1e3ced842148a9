import type { RegistryError } from '../../standards/xds';
import { dmpConfig } from './dmp.config';
import { mapOutcome, outcomeOf } from './dmp-outcome';
import { readAnswer } from './soap-answer';
import { identitiesOf } from './structure-directory';

const error = (code: string): RegistryError => ({ code, context: 'c', severity: 'error', location: '' });

describe('outcome of a registry status', () => {
  it.each([
    ['success', [], { kind: 'accepted', value: 1 }],
    ['partial', [error('A')], { kind: 'partial', value: 1 }],
    ['failure', [error('XDSRegistryMetadataError')], { kind: 'refused', code: 'XDSRegistryMetadataError', text: 'c' }],
    ['failure', [error('XDSRegistryBusy')], { kind: 'try-again', reason: 'busy', mayHaveBeenDone: false }],
    ['failure', [error('XDSRegistryBusy'), error('XDSRegistryMetadataError')], { kind: 'refused' }],
    ['failure', [], { kind: 'refused', code: 'no-code' }],
  ] as const)('%s %j', (status, errors, expected) => {
    expect(outcomeOf({ status, errors: [...errors], warnings: [] }, 1)).toMatchObject(expected);
  });

  it('changes only values', () => {
    const refused = outcomeOf({ status: 'failure', errors: [error('A')], warnings: [] }, 1);
    expect(mapOutcome(refused, () => ({ kind: 'accepted', value: 2, warnings: [] }))).toBe(refused);
  });
});

describe('answer of the DMP', () => {
  const body = (text: string, step = 1): AsyncIterable<Buffer> => {
    const bytes = Buffer.from(text, 'latin1');
    return (async function* () {
      for (let at = 0; at < bytes.length; at += step) yield bytes.subarray(at, at + step);
    })();
  };
  const type = 'multipart/related; boundary="B"; type="application/xop+xml"; start="<root>"';
  const part = (id: string, content: string, more = '') =>
    `--B\r\nContent-Type: x/y\r\nContent-ID: <${id}>\r\n${more}\r\n${content}\r\n`;

  it('is read from any cut, the root found by its content id', async () => {
    const text = `${part('a', 'B\r\n-B')}${part('root', '<e/>')}--B--`;
    for (const step of [1, 7, 1000]) {
      const read = await readAnswer(type, body(text, step), 10_000);
      expect(read.envelope.toString()).toBe('<e/>');
      expect(read.attachments.get('a')?.toString()).toBe('B\r\n-B');
    }
  });

  it('may be without MTOM', async () => {
    expect((await readAnswer('application/soap+xml; charset=UTF-8', body('<e/>'), 100)).envelope.toString()).toBe(
      '<e/>',
    );
  });

  it.each([
    ['text/html', '<html/>'],
    ['', '<e/>'],
    ['multipart/related', '--B--'],
    [type, `${part('root', '<e/>')}`],
    [type, '--B--'],
    [type, `${part('root', 'PGUvPg==', 'Content-Transfer-Encoding: base64\r\n')}--B--`],
  ])('refuses %s %j', async (contentType, text) => {
    await expect(readAnswer(contentType, body(text, 5), 10_000)).rejects.toThrow();
  });

  it('stops at its limit', async () => {
    await expect(readAnswer('text/xml', body('x'.repeat(200), 50), 120)).rejects.toThrow('longer than 120 bytes');
  });
});

describe('structures of the configuration', () => {
  const tls = { certificateFile: 'c.pem', keyFile: 'k.pem' };
  const geographic = { id: '1750803447', name: 'Site' };
  const legal = { id: '1750000001', name: 'Entité' };
  const parse = (value: object) =>
    dmpConfig.shape.structures.schema.safeParse(
      JSON.stringify([{ sector: { code: 'SA01' }, tls, seal: tls, ...value }]),
    );

  it.each([
    [{ mode: 'EG', geographic }, '1750803447', '1750803447'],
    [{ mode: 'EJ', legal }, '1750000001', '1750000001'],
    [{ mode: 'EJ/EG', legal, geographic }, '1750803447', '1750803447'],
    [{ mode: 'EJ/EG', legal, geographic, vihfNames: 'EJ' }, '1750803447', '1750000001'],
  ])('%j names the submission and the VIHF', (value, published, vihf) => {
    const parsed = parse(value);
    if (!parsed.success) throw new Error('not accepted');
    const identities = identitiesOf(parsed.data[0]);
    expect(identities.published.id).toBe(published);
    expect(identities.vihf).toEqual({ id: vihf, sector: { code: 'SA01', system: '1.2.250.1.71.4.2.4' } });
  });

  it.each([
    { mode: 'EG', legal },
    { mode: 'EJ', geographic },
    { mode: 'EJ/EG', geographic },
    { mode: 'EG', geographic, tls: {} },
    { mode: 'EG', geographic, typo: 1 },
  ])('refuses %j', (value) => {
    expect(parse(value).success).toBe(false);
  });
});
