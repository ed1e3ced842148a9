/** One gateway of the list, as the authority writes it. */
export type ListedGateway = {
  /** Host name of its exchange address. */
  db: string;
  /** Host name of its viewer. */
  vi?: string;
  denomination?: string;
  /** DNCertificatOperateur: CN,OU,O,ST,C. */
  dn: string;
};

const escape = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
const instant = (date: Date): string => date.toISOString().replace(/\.\d{3}Z$/, 'Z');

/** The list without its signature, laid out as the authority's own files; the signature goes before the last tag. */
export function listDocument(gateways: readonly ListedGateway[], generatedAt: Date): string {
  const domains = gateways.map(
    ({ db, vi = '', denomination = 'Bac a sable', dn }, at) => `        <Domaine>
            <Identifiant>${at + 1}</Identifiant>
            <db>${escape(db)}</db>
            ${vi === '' ? '<vi/>' : `<vi>${escape(vi)}</vi>`}
            <Denomination>${escape(denomination)}</Denomination>
            <DNCertificatOperateur>${escape(dn)}</DNCertificatOperateur>
            <SupportContact>support@example.invalid</SupportContact>
            <DateMAJ>${instant(generatedAt)}</DateMAJ>
        </Domaine>
`,
  );
  return (
    '<ListeBlancheDRIM-M xmlns="https://github.com/ansforge/DRIM-M_DATA" versionFormat="1.0.0">\n' +
    `    <DateDeGeneration>${instant(generatedAt)}</DateDeGeneration>\n` +
    `    <ListeDomaines>\n${domains.join('')}    </ListeDomaines>\n</ListeBlancheDRIM-M>`
  );
}
