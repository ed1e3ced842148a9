const headerParams = ['Accept', 'Authorization', 'KOS-SOPInstanceUID']
  .map((name) => `<param name="${name}" style="header" type="xs:string" required="true"/>`)
  .join('');

function get(representation: string): string {
  return `<method name="GET"><request>${headerParams}</request><response status="200"><representation mediaType="${representation}"/></response></method>`;
}

function level(path: string, inner = ''): string {
  const metadata = `<resource path="metadata">${get('application/dicom+json')}</resource>`;
  return `<resource path="${path}">${get('multipart/related; type=&quot;application/dicom&quot;')}${metadata}${inner}</resource>`;
}

/** Answer of `OPTIONS <base>/studies`: what can be fetched, as WADL (PS3.18 8.9, capabilities description). */
export function capabilitiesXml(basePath: string): string {
  const frames = `<resource path="frames/{frames}">${get('multipart/related; type=&quot;application/octet-stream&quot;')}</resource>`;
  const instance = level('instances/{instance}', frames);
  const series = level('series/{series}', instance);
  return (
    '<?xml version="1.0" encoding="UTF-8"?>' +
    '<application xmlns="http://wadl.dev.java.net/2009/02" xmlns:xs="http://www.w3.org/2001/XMLSchema">' +
    `<resources base="${basePath}"><resource path="studies">${level('{study}', series)}</resource></resources></application>`
  );
}
