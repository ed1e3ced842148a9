import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import {
  certificateCrlUrls,
  certificateExtension,
  certificateIssuerKey,
  certificateKeyUsage,
  certificateSerialKey,
  certificateSubjectKey,
} from './certificate-fields';
import { DerError, nameKey, oidText, readElement, timeOf } from './der';
import { fault } from './pki-fault';
import { proveMaterial } from './prove-material';

describe('DER', () => {
  it.each([
    ['2a864886f70d01010b', '1.2.840.113549.1.1.11'],
    ['550403', '2.5.4.3'],
    ['2b0e03021a', '1.3.14.3.2.26'],
    ['88373203', '2.999.50.3'],
    ['2a817a018155', '1.2.250.1.213'],
  ])('object identifier %s is %s', (hex, dotted) => {
    expect(oidText(Buffer.from(hex, 'hex'))).toBe(dotted);
  });

  it.each(['', '30', '3001', '3080', '308500000000', '30840000ffff', '1f00', '3082ff'])(
    '%s is refused, never read past its end',
    (hex) => {
      const bytes = Buffer.from(hex, 'hex');
      expect(() => readElement(bytes, 0, bytes.length)).toThrow(DerError);
    },
  );

  it.each(['991231235959', '9912312359Z', '19991231235959+0100', 'aa1231235959Z'])('time %s is refused', (text) => {
    const bytes = Buffer.concat([Buffer.of(0x17, text.length), Buffer.from(text)]);
    expect(() => timeOf(bytes, readElement(bytes, 0, bytes.length))).toThrow(DerError);
  });

  it('compares names whatever their string type, case and spacing', () => {
    const name = (tag: number, text: string) => {
      const value = Buffer.concat([Buffer.of(tag, Buffer.byteLength(text)), Buffer.from(text)]);
      const attribute = Buffer.concat([Buffer.from('0603550403', 'hex'), value]);
      const set = Buffer.concat([Buffer.of(0x30, attribute.length), attribute]);
      const rdn = Buffer.concat([Buffer.of(0x31, set.length), set]);
      const bytes = Buffer.concat([Buffer.of(0x30, rdn.length), rdn]);
      return nameKey(bytes, readElement(bytes, 0, bytes.length));
    };
    expect(name(0x0c, 'HÔPITAL  Test ')).toBe(name(0x0c, 'hôpital test'));
    expect(name(0x13, 'AC')).toBe(name(0x0c, 'ac'));
    expect(name(0x0c, 'AC')).not.toBe(name(0x0c, 'AD'));
  });
});

describe('proof of material', () => {
  it('tells a warning from an error', () => {
    expect(fault('near-its-end', 'x').severity).toBe('warning');
    expect(fault('expired', 'x').severity).toBe('error');
  });

  it('needs an authority to trust, except for a seal and for browsers', () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const codes = (use: 'client' | 'signature' | 'webServer') =>
      proveMaterial({ key: privateKey, anchors: [] }, { use, now: new Date(), nearEndDays: 30 }).map((one) => one.code);
    expect(codes('client')).toEqual(['anchor-missing']);
    expect(codes('signature')).toEqual(['certificate-missing']);
    expect(codes('webServer')).toEqual(['certificate-missing']);
  });
});

describeWithShared('a real ORG certificate of IGC-Santé (test)', () => {
  const certificate = () =>
    new X509Certificate(readFileSync(sharedPath('reference/ans-samples/derived/test-signer-cert.pem')));

  it('names its list over HTTP only; the LDAP one is left out', () => {
    expect(certificateCrlUrls(certificate().raw)).toEqual(['http://igc-sante.esante.gouv.fr/CRL/ACI-EL-ORG-TEST.crl']);
  });

  it('may sign, nothing else', () => {
    expect([...(certificateKeyUsage(certificate().raw) ?? [])]).toEqual(['digitalSignature', 'nonRepudiation']);
    const codes = (use: 'signature' | 'client') =>
      proveMaterial(
        { certificate: certificate(), anchors: [certificate()] },
        { use, now: new Date('2023-06-01'), nearEndDays: 30 },
      ).map((one) => one.code);
    expect(codes('signature')).toEqual(['chain-not-trusted']);
    expect(codes('client')).toContain('usage-not-allowed');
  });

  it('has the serial, subject and issuer that node tells', () => {
    const { raw, serialNumber } = certificate();
    expect(Buffer.from(certificateSerialKey(raw), 'latin1').toString('hex').toUpperCase()).toBe(serialNumber);
    expect(certificateSubjectKey(raw)).toContain('drimbox');
    expect(certificateIssuerKey(raw)).toContain('test ac igc-sante elementaire organisations');
    expect(certificateExtension(raw, '1.2.3.4')).toBeUndefined();
  });
});
