import { parseXml } from '../xmlsec';
import { buildEnvelope, element, fragment, packMtom, packPlain, readEnvelope, xopInclude } from './index';

const parts = {
  action: 'urn:test:action',
  messageId: 'urn:uuid:a6ba8f7f-b214-4a2d-96f1-54293d537ce3',
  to: 'https://dmp.test/services/repository?a=1&b=2',
  body: element('t:request', { 'xmlns:t': 'urn:t' }, 'x'),
};
const soap = (body: string, header = '') =>
  `<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope">${header}<s:Body>${body}</s:Body></s:Envelope>`;

describe('SOAP envelope', () => {
  it('is read back as written', () => {
    const reading = readEnvelope(parseXml(buildEnvelope(parts)));
    expect(reading).toMatchObject({ ok: true, action: parts.action, messageId: parts.messageId, fault: undefined });
    expect(reading.ok && reading.body?.localName).toBe('request');
  });

  it('carries the assertion unchanged in wsse:Security, and mustUnderstand in the SOAP namespace', () => {
    const text = buildEnvelope({ ...parts, assertion: fragment('<saml:Assertion xmlns:saml="urn:x"  ID="_1"/>') });
    expect(text).toContain('<saml:Assertion xmlns:saml="urn:x"  ID="_1"/></wsse:Security>');
    expect(text).toContain('soap:mustUnderstand="true"');
  });

  it('reads a fault with its subcodes', () => {
    const fault =
      '<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value xmlns:w="urn:w">w:FailedAuthentication</s:Value></s:Subcode></s:Code>' +
      '<s:Reason><s:Text xml:lang="fr">refus</s:Text></s:Reason></s:Fault>';
    expect(readEnvelope(parseXml(soap(fault)))).toMatchObject({
      ok: true,
      body: undefined,
      fault: { code: 'Sender', subcodes: ['FailedAuthentication'], reason: 'refus' },
    });
  });

  it.each([
    ['<a/>', 'the root element is not a SOAP envelope'],
    ['<Envelope xmlns="http://schemas.xmlsoap.org/soap/envelope/"><Body/></Envelope>', 'the envelope is not SOAP 1.2'],
    ['<Envelope xmlns="http://www.w3.org/2003/05/soap-envelope"/>', 'the envelope does not have exactly one body'],
    [soap('</s:Body><s:Body>'), 'the envelope does not have exactly one body'],
  ])('refuses %s', (text, reason) => {
    expect(readEnvelope(parseXml(text))).toEqual({ ok: false, reason });
  });

  it('does not take an application element named Fault for a SOAP fault', () => {
    expect(readEnvelope(parseXml(soap('<Fault xmlns="urn:x"/>')))).toMatchObject({ fault: undefined });
  });
});

describe('MTOM package', () => {
  const bytes = Buffer.from([0, 255, 13, 10, 45, 45, 65]);
  const message = {
    envelope: '<e/>',
    action: 'urn:a',
    boundary: 'B_1',
    attachments: [{ contentId: '0.2', contentType: 'application/octet-stream', bytes }],
  };

  it('puts the envelope first and the bytes as they are', () => {
    const { contentType, body } = packMtom(message);
    expect(contentType).toBe(
      'multipart/related; boundary="B_1"; type="application/xop+xml"; start="<0.1>"; start-info="application/soap+xml"; action="urn:a"',
    );
    expect(body.indexOf('<e/>')).toBeLessThan(body.indexOf('<0.2>'));
    const at = body.indexOf('\r\n\r\n', body.indexOf('<0.2>')) + 4;
    expect(body.subarray(at, at + bytes.length)).toEqual(bytes);
    expect(body.subarray(at + bytes.length).toString()).toBe('\r\n--B_1--\r\n');
  });

  it('refuses what would break its headers', () => {
    expect(() => packMtom({ ...message, boundary: 'a"b' })).toThrow(TypeError);
    expect(() => packMtom({ ...message, action: 'urn:a"\r\nX: y' })).toThrow(TypeError);
    expect(() => packPlain({ envelope: '<e/>', action: 'a\nb' })).toThrow(TypeError);
  });

  it('names a part by an escaped cid', () => {
    expect(xopInclude('a b@c').text).toContain('href="cid:a%20b%40c"');
  });
});
