import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { extractPdf, identifierText, ImagingReport, parseImagingReport, sameIdentifier } from './index';

const minimal = `<?xml version="1.0" encoding="UTF-8"?>
<ClinicalDocument xmlns="urn:hl7-org:v3" xmlns:d="urn:dicom-org:ps3-20">
  <id root="1.2.3.4" extension="DOC7"/>
  <code code="18748-4" codeSystem="2.16.840.1.113883.6.1" displayName="CR d'imagerie médicale"/>
  <title>Scanner</title>
  <effectiveTime value="20210108111700+0100"/>
  <confidentialityCode code="N" codeSystem="2.16.840.1.113883.5.25"/>
  <setId root="D52DE737-001D-4031-B571-0A0ED7C42300"/><versionNumber value="2"/>
  <recordTarget><patientRole>
    <id root="1.2.250.1.213.1.4.10" extension="279035121518989"/><id root="1.2.5" extension="IPP1"/>
    <patient>
      <name><family qualifier="BR">PAT-TROIS</family><given>DOMINIQUE MARIE-LOUISE</given><given qualifier="BR">DOMINIQUE</given>
        <family qualifier="CL">DURAND</family><given qualifier="CL">DOM</given></name>
      <administrativeGenderCode code="F"/><birthTime value="19790328"/>
      <birthplace><place><addr><county>51215</county></addr></place></birthplace>
    </patient></patientRole></recordTarget>
  <author><time value="20210108"/><assignedAuthor><id root="1.2.250.1.71.4.2.1" extension="801234560801"/>
    <assignedPerson><name><family>BIDEAULT</family><given>Jacques</given></name></assignedPerson></assignedAuthor></author>
  <inFulfillmentOf><order><id root="1.2.6" extension="OPN1"/><d:accessionNumber root="1.2.7" extension="ACN1"/></order></inFulfillmentOf>
  <documentationOf><serviceEvent><id root="1.2.8.1"/><code code="24727-0" codeSystem="2.16.840.1.113883.6.1">
    <translation code="ACQH004" codeSystem="1.2.250.1.215.300.1"/>
    <translation code="CT" codeSystem="1.2.840.10008.2.16.4"><qualifier><name code="121139"/></qualifier></translation>
    <translation code="774007" codeSystem="2.16.840.1.113883.6.96"><qualifier><name code="39111-0"/></qualifier></translation>
  </code><effectiveTime><low value="20210108102500+0100"/><high value="20210108111700+0100"/></effectiveTime>
  </serviceEvent></documentationOf>
  <documentationOf><serviceEvent><code code="Z13.9" codeSystem="2.16.840.1.113883.6.3"/></serviceEvent></documentationOf>
  <relatedDocument typeCode="RPLC"><parentDocument><id root="1.2.3.3"></id></parentDocument></relatedDocument>
  <component><nonXMLBody><text mediaType="application/pdf" representation="B64">
    JVBE
    Ri0x</text></nonXMLBody></component>
</ClinicalDocument>`;

const parse = (text: string, encoding: BufferEncoding = 'utf8') => parseImagingReport(Buffer.from(text, encoding));
function report(bytes: Buffer): ImagingReport {
  const result = parseImagingReport(bytes);
  if (!result.ok) throw new Error(`${result.kind} ${result.reason}`);
  return result.value;
}

describe('imaging report', () => {
  const read = report(Buffer.from(minimal));

  it('gives the document, its version and what it replaces', () => {
    expect(identifierText(read.documentId)).toBe('1.2.3.4^DOC7');
    expect(read).toMatchObject({
      versionNumber: 2,
      replaces: { root: '1.2.3.3' },
      confidentiality: { code: 'N' },
      effectiveTime: { offsetMinutes: 60 },
    });
    expect(sameIdentifier(read.documentId, { root: '1.2.3.4', extension: 'DOC7' })).toBe(true);
    expect(sameIdentifier(read.documentId, { root: '1.2.3.4' })).toBe(false);
    expect(sameIdentifier(undefined, undefined)).toBe(false);
  });

  it('gives the identity with names by qualifier', () => {
    expect(read.patient).toEqual({
      ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
      localId: { root: '1.2.5', extension: 'IPP1' },
      birthFamily: 'PAT-TROIS',
      firstBirthGiven: 'DOMINIQUE',
      birthGivenNames: 'DOMINIQUE MARIE-LOUISE',
      usedFamily: 'DURAND',
      usedGiven: 'DOM',
      gender: 'F',
      birthDate: { text: '19790328', precision: 'day', lunar: false },
      birthPlace: { code: '51215', kind: 'commune' },
    });
  });

  it('gives order, accession, act; leaves the screening context out', () => {
    expect(read.orders).toEqual([
      { placerOrder: { root: '1.2.6', extension: 'OPN1' }, accession: { root: '1.2.7', extension: 'ACN1' } },
    ]);
    expect(read.acts).toHaveLength(1);
    expect(read.acts[0]).toMatchObject({
      studyInstanceUid: '1.2.8.1',
      code: { code: '24727-0' },
      ccam: [{ code: 'ACQH004' }],
      modalities: [{ code: 'CT' }],
      regions: [{ code: '774007' }],
      start: { hour: 10, minute: 25 },
    });
  });

  it('gives the PDF without the blanks of its base64', () => {
    expect(read.body).toEqual({ level: 1, mediaType: 'application/pdf', pdf: 'nonXMLBody' });
    expect(extractPdf(Buffer.from(minimal))?.toString()).toBe('%PDF-1');
  });

  it('does not depend on prefixes', () => {
    const prefixed = minimal
      .replaceAll(/<(\/?)(?=[a-zA-Z])(?!d:)/g, '<$1c:')
      .replace('xmlns="urn:hl7-org:v3"', 'xmlns:c="urn:hl7-org:v3"');
    expect(report(Buffer.from(prefixed))).toEqual(read);
  });

  it('survives storage as JSON', () => {
    expect(JSON.parse(JSON.stringify(read))).toEqual(read);
  });

  it('reads Latin text by its declaration, and puts double UTF-8 right', () => {
    const latin = minimal.replace('UTF-8', 'ISO-8859-1');
    expect(report(Buffer.from(latin, 'latin1')).code.displayName).toBe("CR d'imagerie médicale");
    const twice = Buffer.from(Buffer.from(minimal, 'utf8').toString('latin1'), 'utf8');
    expect(report(twice)).toEqual({ ...read, encodedTwice: true });
    const windows = minimal.replace("d'imagerie", 'd’imagerie');
    const twiceByWindows = Buffer.from(new TextDecoder('windows-1252').decode(Buffer.from(windows)), 'utf8');
    expect(report(twiceByWindows).code.displayName).toBe('CR d’imagerie médicale');
    expect(report(Buffer.from(minimal.replace('médicale', 'Ãªtre'))).encodedTwice).toBe(true);
    expect(report(Buffer.from(minimal.replace('médicale', 'SÃO'))).code.displayName).toContain('SÃO');
  });

  const without = (part: RegExp) => minimal.replace(part, '');
  it.each([
    ['id', without(/<id root="1.2.3.4"[^>]*>/), 'missing', 'id'],
    ['code', without(/<code code="18748-4"[^>]*>/), 'missing', 'code'],
    ['confidentiality', without(/<confidentialityCode[^>]*>/), 'missing', 'confidentialityCode'],
    ['patient', without(/<recordTarget>[^]*<\/recordTarget>/), 'missing', 'recordTarget/patientRole'],
    ['INS', without(/<id root="1.2.250.1.213.1.4.10"[^>]*>/), 'missing', 'recordTarget/patientRole/id (INS)'],
    ['family', without(/<family[^>]*>[^<]*<\/family>/g), 'missing', 'recordTarget/patientRole/patient/name/family'],
    ['birth', without(/<birthTime[^>]*>/), 'missing', 'recordTarget/patientRole/patient/birthTime'],
    [
      'sex',
      without(/<administrativeGenderCode[^>]*>/),
      'missing',
      'recordTarget/patientRole/patient/administrativeGenderCode',
    ],
    ['study', without(/<id root="1.2.8.1"\/>/), 'missing', 'documentationOf[1]/serviceEvent/id (StudyInstanceUID)'],
    [
      'any act',
      without(/<documentationOf>[^]*<\/documentationOf>/g),
      'missing',
      'documentationOf/serviceEvent/id (StudyInstanceUID)',
    ],
    ['body', without(/<component>[^]*<\/component>/), 'missing', 'component'],
  ])('names the missing %s', (_what, text, kind, element) => {
    expect(text).not.toBe(minimal);
    expect(parse(text)).toMatchObject({ ok: false, kind, element });
  });

  it.each([
    ['INS key', minimal.replace('279035121518989', '279035121518988'), 'recordTarget/patientRole/id (INS)'],
    [
      'second INS',
      minimal.replace(
        '<id root="1.2.5"',
        '<id root="1.2.250.1.213.1.4.8" extension="162018885045327"/><id root="1.2.5"',
      ),
      'recordTarget/patientRole/id',
    ],
    ['second patient', minimal.replace('<recordTarget>', '<recordTarget/><recordTarget>'), 'recordTarget'],
    ['birth date', minimal.replace('19790328', '19791328'), 'recordTarget/patientRole/patient/birthTime'],
    ['study UID', minimal.replace('1.2.8.1', '1.2.08.1'), 'documentationOf[1]/serviceEvent/id (StudyInstanceUID)'],
    [
      'birth place',
      minimal.replace('>51215<', '>5121<'),
      'recordTarget/patientRole/patient/birthplace/place/addr/county',
    ],
    ['professional', minimal.replace('801234560801', '8012'), 'author/assignedAuthor/id'],
    ['version', minimal.replace('value="2"', 'value="-1"'), 'versionNumber'],
  ])('refuses a wrong %s without repeating it', (_what, text, element) => {
    const result = parse(text);
    expect(result).toMatchObject({ ok: false, kind: 'invalid', element });
    expect(JSON.stringify(result)).not.toMatch(/27903|16201|8012|19791328/);
  });

  it.each([
    [
      'a DTD',
      minimal.replace(
        '<ClinicalDocument',
        '<!DOCTYPE ClinicalDocument [<!ENTITY x SYSTEM "file:///etc/passwd">]><ClinicalDocument',
      ),
      'xml',
    ],
    ['cut XML', minimal.slice(0, 900), 'xml'],
    ['no XML', 'not XML at all', 'xml'],
    ['nothing', '', 'xml'],
    ['another namespace', minimal.replace('urn:hl7-org:v3', 'urn:other'), 'not-a-report'],
    ['another document', '<html xmlns="urn:hl7-org:v3"/>', 'not-a-report'],
    ['too deep', `<a>`.repeat(5000), 'xml'],
  ])('refuses %s', (_what, text, kind) => {
    expect(parse(text)).toMatchObject({ ok: false, kind });
  });
});

describeWithShared('imaging reports of the national examples', () => {
  const file = (...parts: string[]) => readFileSync(sharedPath('reference', ...parts));

  it('reads every one of them', () => {
    const folders = [['cda-examples'], ['drim-m-data', 'cda'], ['ans-samples', 'CDA']];
    const files = folders.flatMap((folder) =>
      readdirSync(sharedPath('reference', ...folder))
        .filter((name) => name.endsWith('.xml'))
        .map((name) => file(...folder, name)),
    );
    expect(files).toHaveLength(6);
    for (const read of files.map(report)) {
      expect(read.patient).toMatchObject({ birthFamily: 'PAT-TROIS', firstBirthGiven: 'DOMINIQUE', gender: 'F' });
      expect(read.legalAuthenticator?.id?.national).toBe('801234560801');
      expect(read.facility.code?.code).toBe('SA08');
      expect(read.orders[0].accession).toBeDefined();
      for (const act of read.acts) {
        expect(act.modalities).toHaveLength(1);
        expect(act.regions).toHaveLength(1);
        expect(act.ccam).toHaveLength(1);
        expect(act.performer?.organisation?.practiceSetting?.code).toBe('AMBULATOIRE');
      }
    }
  });

  it('gives three exams of the example with a screening context, and its PDF bit for bit', () => {
    const bytes = file('ans-samples', 'CDA', 'IMG_CR_IMG_2023.11_CDA-R2-Niveau-1.xml');
    const read = report(bytes);
    expect(read.acts.map((act) => act.studyInstanceUid.slice(-3))).toEqual(['474', '475', '476']);
    expect(read.replaces).toBeDefined();
    const sha1 = (content: Buffer) => createHash('sha1').update(content).digest('hex');
    expect(sha1(extractPdf(bytes) ?? Buffer.alloc(0))).toBe(
      sha1(file('ans-samples', 'CDA', 'IMG_CR_IMG_2023.11_Doc_metier.pdf')),
    );
  });

  it('reads level 3, with its two orders and its embedded PDF', () => {
    const bytes = file('cda-examples', 'IMG_CR_IMG_2024.01.xml');
    const read = report(bytes);
    expect(read.orders.map((order) => order.accession?.extension)).toEqual(['105234751', '105234752']);
    expect(read.acts).toHaveLength(3);
    expect(read.body).toEqual({ level: 3, mediaType: 'text/xml', pdf: 'observationMedia' });
    expect(extractPdf(bytes)?.toString('latin1', 0, 5)).toBe('%PDF-');
  });

  it('reads the older report of the proof of concept, which has no birth place nor modality', () => {
    const result = parseImagingReport(file('ans-samples', 'poc-test-resources', 'DOC00002.xml'));
    expect(result).toMatchObject({
      ok: true,
      value: { patient: { birthFamily: 'PAT-TROIS' }, facility: { code: { code: 'SA07' } } },
    });
  });
});
