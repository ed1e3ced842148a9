import { DOMImplementation, DOMParser, XMLSerializer } from '@xmldom/xmldom';
import { webcrypto } from 'node:crypto';
import * as xadesjs from 'xadesjs';
import xpath from 'xpath';
import type { ListSigner } from './signer';

let ready = false;

function prepare(): void {
  if (ready) return;
  xadesjs.setNodeDependencies({ DOMParser, XMLSerializer, DOMImplementation, xpath });
  xadesjs.Application.setEngine('node', webcrypto as never);
  ready = true;
}

/** The other form seen: enveloped-signature transform, SigningCertificate of XAdES 1.3.2; made by xadesjs. */
export async function signEnvelopedList(document: string, signer: ListSigner, signedAt: Date): Promise<string> {
  prepare();
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const pkcs8 = signer.key.export({ format: 'der', type: 'pkcs8' });
  const key = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const signed = new xadesjs.SignedXml();
  const signature = await signed.Sign(algorithm, key, xadesjs.Parse(document), {
    references: [{ hash: 'SHA-256', uri: '', transforms: ['enveloped', 'exc-c14n'] }],
    signingCertificate: signer.certificate.toString('base64'),
    signingTime: { value: signedAt },
    x509: [signer.certificate, ...(signer.chain ?? [])].map((der) => der.toString('base64')),
  });
  const xml = signature.toString();
  const end = document.lastIndexOf('</ListeBlancheDRIM-M>');
  return `<?xml version="1.0" encoding="UTF-8"?>${document.slice(0, end)}${xml}${document.slice(end)}`;
}
