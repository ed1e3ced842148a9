import { X509Certificate } from 'node:crypto';
import { XMLSerializer, type Element } from '@xmldom/xmldom';
import { SignedXml } from 'xml-crypto';
import { institutionId, type ReceivedSubmission } from './registry-objects';
import { FaultAnswer, type SoapRequest } from './soap-io';
import { all, one, text, texts } from './xml';

/** The assertion in wsse:Security: its signature (by xml-crypto) and its coherence with certificate and content. */

export interface VerifiedCaller {
  /** Identifiant_Structure. */
  structureId: string;
  mode: 'INDIRECTE' | 'INDIRECTE_RENFORCEE';
  /** `<INS>^^^&<OID>&ISO^NH` */
  patientId: string;
  nameId: string;
}

export interface CallerChecks {
  tlsCertificate: X509Certificate;
  /** Authorities whose certificates may seal. */
  sealCa: readonly X509Certificate[];
  now: Date;
  /** Structures (EG) that each legal entity (EJ) may publish for; when absent any relation is believed. */
  structures?: Readonly<Record<string, readonly string[]>>;
}

const MAX_AGE_MS = 15 * 60_000;
const refused = (reason: string): FaultAnswer => new FaultAnswer('Sender', reason, 'wsse:FailedAuthentication');

const field = (certificate: X509Certificate, name: string): string =>
  certificate.subject
    .split('\n')
    .filter((line) => line.startsWith(`${name}=`))
    .map((line) => line.slice(name.length + 1))
    .join('+');

const attribute = (assertion: Element, name: string): string =>
  text(`saml:AttributeStatement/saml:Attribute[@Name='${name}']/saml:AttributeValue`, assertion);

function verifySignature(assertion: Element, checks: CallerChecks): X509Certificate {
  const signature = one('ds:Signature', assertion);
  if (signature === undefined) throw refused('the assertion is not signed');
  const der = text('ds:KeyInfo/ds:X509Data/ds:X509Certificate[1]', signature);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(Buffer.from(der, 'base64'));
  } catch {
    throw refused('the assertion holds no certificate');
  }
  if (!trusted(certificate, [...checks.sealCa, ...chainIn(signature, checks.sealCa)]))
    throw refused('the seal is not of a known authority');
  if (
    Date.parse(certificate.validFrom) > checks.now.getTime() ||
    Date.parse(certificate.validTo) < checks.now.getTime()
  ) {
    throw refused('the seal is out of date');
  }
  const verifier = new SignedXml({ publicCert: certificate.toString(), getCertFromKeyInfo: () => null });
  verifier.idAttributes = ['ID']; // of SAML; each further name is another walk over the document
  verifier.loadSignature(new XMLSerializer().serializeToString(signature));
  let verified = false;
  try {
    // over the assertion alone: exclusive canonical form does not depend on what is around it
    verified = verifier.checkSignature(new XMLSerializer().serializeToString(assertion));
  } catch {
    verified = false;
  }
  if (!verified) throw refused('the signature of the assertion is wrong');
  const references = all('ds:SignedInfo/ds:Reference', signature);
  if (references.length !== 1 || references[0].getAttribute('URI') !== `#${assertion.getAttribute('ID') ?? ''}`) {
    throw refused('the signature does not cover the assertion');
  }
  return certificate;
}

const trusted = (certificate: X509Certificate, authorities: readonly X509Certificate[]): boolean =>
  authorities.some((authority) => certificate.checkIssued(authority) && certificate.verify(authority.publicKey));

/** Intermediate certificates sent with the signature count when a known authority issued them. */
const chainIn = (signature: Element, known: readonly X509Certificate[]): X509Certificate[] =>
  texts('ds:KeyInfo/ds:X509Data/ds:X509Certificate[position() > 1]', signature).flatMap((der) => {
    try {
      const certificate = new X509Certificate(Buffer.from(der, 'base64'));
      return trusted(certificate, known) && certificate.ca ? [certificate] : [];
    } catch {
      return [];
    }
  });

/** `CN=…, OU=…` of the assertion against the subject of the seal, RDN by RDN in either order. */
function sameName(issuer: string, certificate: X509Certificate): boolean {
  const parts = (value: string, separator: RegExp) =>
    value
      .split(separator)
      .map((part) => part.trim().replace(/\\(.)/g, '$1'))
      .filter(Boolean)
      .sort();
  return parts(issuer, /,(?=\s*[A-Z]+=)/).join('\n') === parts(certificate.subject, /\n/).join('\n');
}

/** Verifies the assertion of a request; throws the fault to answer. */
export function checkCaller(request: SoapRequest, checks: CallerChecks): VerifiedCaller {
  const assertions = all('/soap:Envelope/soap:Header/wsse:Security/saml:Assertion', request.envelope);
  if (assertions.length !== 1 || all('//saml:Assertion', request.envelope).length !== 1)
    throw refused('exactly one assertion is wanted');
  const [assertion] = assertions;
  const seal = verifySignature(assertion, checks);
  const issued = Date.parse(assertion.getAttribute('IssueInstant') ?? '');
  if (!(Math.abs(checks.now.getTime() - issued) <= MAX_AGE_MS))
    throw refused('the assertion is too old or not yet valid');
  if (!sameName(text('saml:Issuer', assertion), seal)) throw refused('the issuer is not the subject of the seal');
  if (field(seal, 'OU') !== field(checks.tlsCertificate, 'OU'))
    throw refused('the seal and the TLS certificate are of two structures');
  const mode = attribute(assertion, 'Authentification_Mode');
  if (mode !== 'INDIRECTE' && mode !== 'INDIRECTE_RENFORCEE') throw refused('unknown mode of authentication');
  for (const name of [
    'VIHF_Version',
    'Secteur_Activite',
    'LPS_ID',
    'LPS_Nom',
    'LPS_Version',
    'LPS_ID_HOMOLOGATION_DMP',
    'Identifiant_Structure',
  ]) {
    if (attribute(assertion, name) === '') throw refused(`the assertion has no ${name}`);
  }
  if (attribute(assertion, 'urn:oasis:names:tc:xspa:1.0:subject:subject-id') === '')
    throw refused('the assertion names nobody');
  if (attribute(assertion, 'Ressource_URN') !== 'urn:dmp') throw refused('the assertion is not for the DMP');
  if (
    all(
      "saml:AttributeStatement/saml:Attribute[@Name='urn:oasis:names:tc:xacml:2.0:subject:role']/saml:AttributeValue/hl7:Role",
      assertion,
    ).length === 0
  ) {
    throw refused('the assertion has no role');
  }
  return {
    structureId: attribute(assertion, 'Identifiant_Structure'),
    mode,
    patientId: attribute(assertion, 'urn:oasis:names:tc:xacml:2.0:resource:resource-id'),
    nameId: text('saml:Subject/saml:NameID', assertion),
  };
}

/** EJ, EG and EJ/EG: who may publish what for whom. */
export function checkPublisher(caller: VerifiedCaller, received: ReceivedSubmission, checks: CallerChecks): void {
  if (caller.mode !== 'INDIRECTE') throw refused('publication wants the mode INDIRECTE');
  const lot = institutionId(received.sets[0]?.authors ?? []);
  const certificateStructure = field(checks.tlsCertificate, 'OU');
  if (received.sets[0]?.patientId !== caller.patientId) throw refused('the assertion is about another patient');
  if (caller.structureId !== lot && caller.structureId !== certificateStructure)
    throw refused('the assertion and the submission are of two structures');
  if (checks.structures === undefined || lot === certificateStructure) return;
  if (!(checks.structures[certificateStructure] ?? []).includes(lot))
    throw refused('the certificate may not publish for this structure');
}
