import { certificateNames, formatDistinguishedName } from '../identity';
import { escapeXml, signEnveloped, type Signer } from '../xmlsec';
import { vihfRefusal } from './check-vihf';
import type { VihfCode, VihfContext, VihfMoment, VihfResult } from './vihf.types';

const assertionNamespace = 'urn:oasis:names:tc:SAML:2.0:assertion';
const instanceNamespace = 'http://www.w3.org/2001/XMLSchema-instance';

/** "Acces normal", the purpose of use of every access that is not an emergency. */
const normalAccess: VihfCode = {
  code: 'normal',
  system: '1.2.250.1.213.1.1.4.248',
  systemName: 'mode acces VIHF 1.0',
  label: 'Acces normal',
};

/** What the report's flag CONNEXION_SECRETE becomes (drimbox-spec 7.2, optional attribute). */
const secretConnectionCode: VihfCode = {
  code: 'CONNEXION_SECRETE',
  system: '1.2.250.1.213.1.1.4.13',
  label: 'Connexion secrete',
};

/**
 * VIHF of one DMP exchange: SAML 2.0 assertion (CI-SIS "Transport synchrone", VIHF 3.0 or 4.0), signed enveloped with
 * the certificate of the structure, which is also its Issuer. The text can be laid into `wsse:Security` as it is.
 */
export async function buildVihf(context: VihfContext, moment: VihfMoment, signer: Signer): Promise<VihfResult> {
  const reason = vihfRefusal(context, moment);
  if (reason) return { ok: false, reason };
  // An xs:ID may not begin with a digit, which a bare UUID may.
  const id = `_${moment.uuid.toLowerCase()}`;
  const xml = await signEnveloped(
    {
      before: openingAndIssuer(id, moment.issuedAt, signer),
      after: `${subject(context)}${authnStatement(context, moment)}${attributeStatement(context)}</saml2:Assertion>`,
      id,
      hash: context.hash ?? 'sha256',
    },
    signer,
  );
  return { ok: true, xml, id };
}

function openingAndIssuer(id: string, issuedAt: Date, signer: Signer): string {
  const [leaf] = signer.certificates;
  if (!leaf) throw new TypeError('a signer needs its certificate');
  const issuer = formatDistinguishedName(certificateNames(leaf).subject);
  return (
    `<saml2:Assertion xmlns:saml2="${assertionNamespace}" ID="${id}" IssueInstant="${issuedAt.toISOString()}" Version="2.0">` +
    `<saml2:Issuer Format="urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName">${escapeXml(issuer)}</saml2:Issuer>`
  );
}

function subject({ professional }: VihfContext): string {
  return `<saml2:Subject><saml2:NameID>${escapeXml(professional.nationalId)}</saml2:NameID></saml2:Subject>`;
}

function authnStatement({ mode }: VihfContext, { issuedAt, authenticatedAt }: VihfMoment): string {
  // Only the reinforced mode says how the professional was authenticated (browser, Pro Santé Connect).
  const declaration =
    mode === 'INDIRECTE_RENFORCEE' ? '<saml2:AuthnContextDecl>APP_BROWSER_AUTH</saml2:AuthnContextDecl>' : '';
  return (
    `<saml2:AuthnStatement AuthnInstant="${(authenticatedAt ?? issuedAt).toISOString()}"><saml2:AuthnContext>` +
    `<saml2:AuthnContextClassRef>urn:oasis:names:tc:SAML:2.0:ac:classes:TLSClient</saml2:AuthnContextClassRef>` +
    `${declaration}</saml2:AuthnContext></saml2:AuthnStatement>`
  );
}

/** Attributes in the order of the national samples (drimbox-spec 7.2). */
function attributeStatement(context: VihfContext): string {
  const { professional, structure, software, ins } = context;
  const name = `${professional.givenName} ${professional.familyName}`.trim();
  const attributes = [
    textAttribute('VIHF_Version', context.version),
    textAttribute('Secteur_Activite', `${structure.sector.code}^${structure.sector.system}`),
    textAttribute('Ressource_URN', 'urn:dmp'),
    textAttribute('urn:oasis:names:tc:xspa:1.0:subject:subject-id', name),
    textAttribute('Identifiant_Structure', structure.id),
    textAttribute('LPS_ID', software.id),
    textAttribute('LPS_Nom', software.name),
    textAttribute('LPS_ID_HOMOLOGATION_DMP', software.homologation),
    textAttribute('LPS_Version', software.version),
    textAttribute('urn:oasis:names:tc:xacml:2.0:resource:resource-id', `${ins.matricule}^^^&${ins.oid}&ISO^NH`),
    textAttribute('Authentification_Mode', context.mode),
    attribute('urn:oasis:names:tc:xspa:1.0:subject:purposeofuse', [
      codedValue('PurposeOfUse', context.purposeOfUse ?? normalAccess),
    ]),
    attribute(
      'urn:oasis:names:tc:xacml:2.0:subject:role',
      professional.roles.map((role) => codedValue('Role', role)),
    ),
  ];
  if (context.secretConnection) {
    attributes.push(
      attribute('urn:oasis:names:tc:xspa:1.0:resource:patient:hl7:confidentiality-code', [
        codedValue('ConfidentialityCode', context.secretConnectionCode ?? secretConnectionCode),
      ]),
    );
  }
  return `<saml2:AttributeStatement>${attributes.join('')}</saml2:AttributeStatement>`;
}

function textAttribute(name: string, value: string): string {
  return attribute(name, [escapeXml(value)]);
}

function attribute(name: string, values: readonly string[]): string {
  const written = values.map((value) => `<saml2:AttributeValue>${value}</saml2:AttributeValue>`).join('');
  return `<saml2:Attribute Name="${name}">${written}</saml2:Attribute>`;
}

function codedValue(element: string, { code, system, systemName, label }: VihfCode): string {
  return (
    `<${element} xmlns="urn:hl7-org:v3" xmlns:xsi="${instanceNamespace}" code="${escapeXml(code)}" ` +
    `codeSystem="${escapeXml(system)}" codeSystemName="${escapeXml(systemName ?? '')}" ` +
    `displayName="${escapeXml(label)}" xsi:type="CE"/>`
  );
}
