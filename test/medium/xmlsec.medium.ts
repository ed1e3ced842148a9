import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { listDocument, signEnvelopedList, signWithFilter2 } from '../../sandbox/whitelist';
import { buildVihf, type VihfContext } from '../../src/standards/vihf';
import { createSigner, signSubmissionSet, type Signer } from '../../src/standards/xmlsec';
import { describeWithShared, sharedPath } from '../support/shared-data';
import { createSigningAuthority, type IssuedIdentity } from '../support/signing-authority';

/** Real: xmlsec1 (libxml2, OpenSSL), which shares no code with ours. Nothing is doubled. */
const run = promisify(execFile);

describe('signatures as xmlsec1 sees them', () => {
  let dir: string;
  let identity: IssuedIdentity;
  let signer: Signer;

  /** The key is the one we give, never one from the document. `2/2`-like count of verified references, or `FAIL`. Options come before the file. */
  async function xmlsec1(file: string, ...options: string[]): Promise<string> {
    const done = await run('xmlsec1', ['--verify', '--enabled-key-data', 'rsa', ...options, file]).catch(
      (error: unknown) => error as { stderr: string; code?: string },
    );
    if ('code' in done && done.code === 'ENOENT') throw new Error('xmlsec1 is not installed (Debian package xmlsec1)');
    const references = /SignedInfo References \(ok\/all\): (\d+\/\d+)/.exec(done.stderr)?.[1] ?? '';
    return /^OK$/m.test(done.stderr) ? references : 'FAIL';
  }

  async function file(name: string, text: string): Promise<string> {
    const path = join(dir, name);
    await writeFile(path, text);
    return path;
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'drimbox-xmlsec-'));
    identity = await (await createSigningAuthority()).issue({ name: 'CN=DRIMbox,OU=318751275100020,O=HÔPITAL,C=FR' });
    signer = createSigner(identity.key, [identity.certificate]);
    await writeFile(join(dir, 'cert.pem'), identity.certificatePem);
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  const pinned = (): string[] => ['--pubkey-cert-pem', join(dir, 'cert.pem')];
  const assertion = ['--id-attr:ID', 'urn:oasis:names:tc:SAML:2.0:assertion:Assertion'];

  it.each([
    ['3.0', 'INDIRECTE', 'sha256'],
    ['4.0', 'INDIRECTE_RENFORCEE', 'sha256'],
    ['3.0', 'INDIRECTE', 'sha1'],
  ] as const)('VIHF %s %s %s: alone and inside an envelope, altered refused', async (version, mode, hash) => {
    const context: VihfContext = {
      version,
      mode,
      hash,
      professional: {
        nationalId: '801234560801',
        givenName: 'Éric',
        familyName: "D'<Essai> & Cie",
        roles: [{ code: '10', system: '1.2.250.1.71.1.2.7', label: 'Médecin' }],
      },
      structure: { id: '1750803447', sector: { code: 'SA08', system: '1.2.250.1.71.4.2.4' } },
      software: { id: '1', name: 'DRIMbox', version: '0.1', homologation: 'X' },
      ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
      secretConnection: true,
    };
    const built = await buildVihf(
      context,
      { issuedAt: new Date(), uuid: '0fd9a3c1-0001-4000-8000-00000000abcd' },
      signer,
    );
    if (!built.ok) throw new Error(built.reason);
    const envelope = `<?xml version="1.0" encoding="UTF-8"?>\n<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope" xmlns="urn:other" xmlns:xsi="urn:else">\n <s:Header>${built.xml}</s:Header><s:Body/></s:Envelope>`;
    expect(await xmlsec1(await file('vihf.xml', built.xml), ...pinned(), ...assertion)).toBe('1/1');
    expect(await xmlsec1(await file('envelope.xml', envelope), ...pinned(), ...assertion)).toBe('1/1');
    const altered = envelope.replace('279035121518989', '279035121518988');
    expect(await xmlsec1(await file('altered.xml', altered), ...pinned(), ...assertion)).toBe('FAIL');
  });

  it.each([
    ['1.1.1', 'sha256'],
    ['1.1.1', 'sha1'],
    ['1.3.2', 'sha256'],
    ['1.3.2', 'sha1'],
  ] as const)('XAdES %s %s of a submission set: both references, altered refused', async (xades, hash) => {
    const xml = await signSubmissionSet(
      {
        signatureUniqueId: '2.25.253369134637024241866147844597094467874',
        submissionSetUniqueId: '1.2.250.1.999.1.1.8121.4.9618',
        documents: [
          { uniqueId: '1.3.2.1', content: Buffer.from('first') },
          { uniqueId: '1.3.2.2', content: Buffer.from('second') },
        ],
        signingTime: new Date(),
        xades,
        hash,
      },
      signer,
    );
    const ids = ['--id-attr:Id', 'Manifest', '--id-attr:Id', 'SignedProperties'];
    // The manifest names documents that xmlsec1 does not have: it is covered by its own reference.
    const options = [...pinned(), ...ids, '--ignore-manifests'];
    expect(await xmlsec1(await file('set.xml', xml), ...options)).toBe('2/2');
    for (const [from, to] of [
      ['urn:oid:1.3.2.2', 'urn:oid:1.3.2.3'],
      ['<SigningTime>2', '<SigningTime>1'],
    ] as const) {
      expect(await xmlsec1(await file('altered.xml', xml.replace(from, to)), ...options)).toBe('FAIL');
    }
  });

  it('the lists of the sandbox are signed as others understand it', async () => {
    const document = listDocument([{ db: 'a.test', dn: 'CN=a.test,O=É,C=FR' }], new Date());
    const ids = ['--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties'];
    expect(
      await xmlsec1(await file('l1.xml', signWithFilter2(document, identity, new Date())), ...pinned(), ...ids),
    ).toBe('2/2');
    expect(
      await xmlsec1(await file('l2.xml', await signEnvelopedList(document, identity, new Date())), ...pinned(), ...ids),
    ).toBe('2/2');
  });

  describeWithShared('the national samples', () => {
    it('the signed white list verifies with the certificate it carries', async () => {
      const path = sharedPath('reference/drim-m-data/white-list/LISTEBLANCHE_DRIM-M_SIGNEE_TEST_.xml');
      const base64 = /<ds:X509Certificate>([^<]+)</.exec(await readFile(path, 'utf8'))?.[1] ?? '';
      await writeFile(join(dir, 'list.pem'), new X509Certificate(Buffer.from(base64, 'base64')).toString());
      const ids = ['--id-attr:Id', 'http://uri.etsi.org/01903/v1.3.2#:SignedProperties'];
      expect(await xmlsec1(path, '--pubkey-cert-pem', join(dir, 'list.pem'), ...ids)).toBe('2/2');
    });

    it.each(['publication', 'xdm'])('the %s signature verifies with the published certificate', async (name) => {
      const path = sharedPath(`reference/ans-samples/derived/${name}-signature.restored.xml`);
      const certificate = sharedPath('reference/ans-samples/derived/test-signer-cert.pem');
      const ids = ['--id-attr:Id', 'Manifest', '--id-attr:Id', 'SignedProperties', '--ignore-manifests'];
      expect(await xmlsec1(path, '--pubkey-cert-pem', certificate, ...ids)).toBe('2/2');
    });
  });
});
