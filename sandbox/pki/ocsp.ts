import { createHash, webcrypto, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';
import * as x509 from '@peculiar/x509';
import { authorityCertificateFile, authorityNames, importKeys } from './authority-set';
import type { AuthorityName } from './members';

const engine = new pkijs.CryptoEngine({ name: 'node', crypto: webcrypto as unknown as Crypto });
pkijs.setEngine('node', engine);

const basicResponse = '1.3.6.1.5.5.7.48.1.1';

export type OcspStatus = 'good' | 'revoked' | 'unknown';

function arrayBuffer(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

/** Serials revoked today and known to exist, by authority. */
export type OcspRegister = { statusOf(authority: AuthorityName, serialHex: string): OcspStatus };

/** Which issuing authority a CertID speaks of: name and key hashes with SHA-1 or SHA-256 (RFC 6960, 4.1.1). */
async function authorityOf(dir: string, certId: pkijs.CertID): Promise<AuthorityName | undefined> {
  const hash = certId.hashAlgorithm.algorithmId === '1.3.14.3.2.26' ? 'sha1' : 'sha256';
  const wanted = Buffer.from(certId.issuerKeyHash.valueBlock.valueHexView).toString('hex');
  for (const name of authorityNames) {
    const certificate = new X509Certificate(await readFile(authorityCertificateFile(dir, name, 'issuing')));
    const parsed = pkijs.Certificate.fromBER(arrayBuffer(certificate.raw));
    const keyBits = parsed.subjectPublicKeyInfo.subjectPublicKey.valueBlock.valueHexView;
    if (createHash(hash).update(keyBits).digest('hex') === wanted) return name;
  }
  return undefined;
}

function certStatus(status: OcspStatus, at: Date): asn1js.BaseBlock {
  if (status === 'revoked') {
    return new asn1js.Constructed({
      idBlock: { tagClass: 3, tagNumber: 1 },
      value: [new asn1js.GeneralizedTime({ valueDate: at })],
    });
  }
  const tagNumber = status === 'good' ? 0 : 2;
  return new asn1js.Primitive({ idBlock: { tagClass: 3, tagNumber } });
}

/** Answers one OCSP request (DER), signed by the authority's delegated responder; throws on a request that cannot be read. */
export async function answerOcsp(dir: string, request: Uint8Array, register: OcspRegister, now: Date): Promise<Buffer> {
  const parsed = pkijs.OCSPRequest.fromBER(arrayBuffer(request));
  const first = parsed.tbsRequest.requestList[0];
  const authority = first && (await authorityOf(dir, first.reqCert));
  if (!first || !authority) return unauthorised();
  const response = new pkijs.BasicOCSPResponse();
  const responder = new x509.X509Certificate(
    await readFile(join(dir, 'authorities', `${authority}-ocsp-cert.pem`), 'utf8'),
  );
  const keys = await importKeys(
    responder,
    await readFile(join(dir, 'authorities', `${authority}-ocsp-key.pem`), 'utf8'),
  );
  const responderCertificate = pkijs.Certificate.fromBER(responder.rawData);
  response.tbsResponseData.responderID = responderCertificate.subject;
  response.tbsResponseData.producedAt = now;
  for (const entry of parsed.tbsRequest.requestList) {
    const serial = Buffer.from(entry.reqCert.serialNumber.valueBlock.valueHexView).toString('hex');
    const single = new pkijs.SingleResponse({ certID: entry.reqCert });
    single.certStatus = certStatus(register.statusOf(authority, serial), now);
    single.thisUpdate = now;
    single.nextUpdate = new Date(now.getTime() + 3_600_000);
    response.tbsResponseData.responses.push(single);
  }
  const nonce = parsed.tbsRequest.requestExtensions?.find((extension) => extension.extnID === '1.3.6.1.5.5.7.48.1.2');
  if (nonce) response.tbsResponseData.responseExtensions = [nonce];
  response.certs = [responderCertificate];
  await response.sign(keys.privateKey, 'SHA-256', engine);
  const bytes = response.toSchema().toBER(false);
  const whole = new pkijs.OCSPResponse({
    responseStatus: new asn1js.Enumerated({ value: 0 }),
    responseBytes: new pkijs.ResponseBytes({
      responseType: basicResponse,
      response: new asn1js.OctetString({ valueHex: bytes }),
    }),
  });
  return Buffer.from(whole.toSchema().toBER(false));
}

/** OCSPResponseStatus unauthorized (6): the responder does not speak for that issuer. */
function unauthorised(): Buffer {
  return Buffer.from([0x30, 0x03, 0x0a, 0x01, 0x06]);
}
