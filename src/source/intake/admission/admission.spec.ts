import { readdirSync, readFileSync } from 'node:fs';
import { describeWithShared, sharedPath } from '../../../../test/support/shared-data';
import { noOverrides, SenderOverrides } from '../../../connectors/ris';
import { insNatures } from '../../../standards/identity';
import { IntakeRefusal } from '../intake-refusal';
import { admitHeader, openMessage } from './header';
import { AdmittedReport, admitFlags, admitReport } from './report';
import { admitStudyChanges } from './study-change';

const connection = { id: 'mllp-1', address: '127.0.0.1' };
const open = (text: string | Buffer) =>
  openMessage({ bytes: Buffer.from(text as string), receivedAt: new Date(), connection });

function admit(text: string | Buffer, overrides: Partial<SenderOverrides> = {}): AdmittedReport {
  const opened = open(text);
  admitHeader(opened, { senders: [], processingIds: ['P'] });
  const agreed = { ...noOverrides, ...overrides };
  const flags = admitFlags(opened, agreed);
  return admitReport(opened, flags, { overrides: agreed, insOids: Object.values(insNatures) });
}

/** Code of the refusal and its sentence; 'admitted' when there is none. */
function refusalOf(text: string, overrides: Partial<SenderOverrides> = {}): string {
  try {
    admit(text, overrides);
    return 'admitted';
  } catch (error) {
    if (!(error instanceof IntakeRefusal)) throw error;
    expect(error.detail).not.toMatch(/2790351|PAT-TROIS|DOMINIQUE|19790328|IPP101/);
    return `${error.code.replace('intake.', '')}: ${error.detail ?? ''}`;
  }
}

describe('header', () => {
  const header = (more: Record<number, string> = {}) => {
    const fields = ['MSH', '^~\\&', 'RIS', 'CHU', '', '', '', '', 'ORU^R01^ORU_R01', 'ID1', 'P', '2.5'];
    for (const [field, value] of Object.entries(more)) fields[Number(field) - 1] = value;
    return fields.join('|');
  };
  const outcome = (text: string) => {
    try {
      admitHeader(open(text), { senders: [], processingIds: ['P'] });
      return 'admitted';
    } catch (error) {
      return (error as IntakeRefusal).code;
    }
  };

  it.each([
    ['an ORU', header(), 'admitted'],
    ['an ORU of 2.3.1', header({ 12: '2.3.1', 9: 'ORU^R01' }), 'admitted'],
    ['an MDM', header({ 9: 'MDM^T10^MDM_T02', 12: '2.6' }), 'admitted'],
    ['an ADT', header({ 9: 'ADT^A01' }), 'intake.message-type'],
    ['a property of objects', header({ 9: 'constructor^R01' }), 'intake.message-type'],
    ['another event', header({ 9: 'MDM^T11' }), 'intake.event'],
    ['no type', header({ 9: '' }), 'intake.message-type'],
    ['no control id', header({ 10: '' }), 'intake.header-field'],
    ['199 characters of control id', header({ 10: 'x'.repeat(199) }), 'admitted'],
    ['200 characters of control id', header({ 10: 'x'.repeat(200) }), 'intake.value'],
    ['a training message', header({ 11: 'T' }), 'intake.processing'],
    ['version 2.2', header({ 12: '2.2' }), 'intake.version'],
    ['version 3', header({ 12: '3.0' }), 'intake.version'],
    ['garbage', '\u0001\u0002 garbage', 'intake.unreadable'],
    ['nothing', '', 'intake.unreadable'],
    ['UTF-16', header({ 18: 'UNICODE UTF-16' }), 'intake.charset'],
    ['NUL bytes', `${header()}\0`, 'intake.charset'],
  ])('%s: %s gives %s', (_what, text, expected) => {
    expect(outcome(text)).toBe(expected);
  });

  it('refuses a sender that the list does not name', () => {
    const senders = [{ application: 'PFI', facility: '*', overrides: noOverrides }];
    expect(() => admitHeader(open(header()), { senders, processingIds: ['P'] })).toThrow('intake.sender');
  });
});

describeWithShared('messages of the national examples', () => {
  const hl7 = (name: string) => readFileSync(sharedPath('reference', 'drim-m-data', 'hl7v2', name), 'utf8');
  const cdaFile = (name: string) =>
    readFileSync(sharedPath('reference', 'drim-m-data', 'cda', `CR_${name}_header.xml`), 'utf8').replace(
      '{{PDF_BASE64}}',
      'JVBERi0xLjcK',
    );
  const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');
  const fill = (message: string, cda: string) => message.replaceAll('{{CDA_BASE64}}', base64(cda));
  const oru = (cda = cdaFile('E').replace('>63220<', '>51215<')) => fill(hl7('CR_E-ORU.hl7'), cda);

  it('admits each report, filled with the report of its examination or of exam E', () => {
    const names = readdirSync(sharedPath('reference', 'drim-m-data', 'hl7v2')).filter((name) => name.startsWith('CR_'));
    expect(names.length).toBeGreaterThanOrEqual(9);
    for (const name of names) {
      const exam = /CR_(E|G1|K)-/.exec(name)?.[1] ?? 'E';
      const message = hl7(name);
      const birthPlace = /BDL\^\^(\w{5})/.exec(message)?.[1] ?? '';
      const cda = cdaFile(exam)
        .replace(/<county>\d{5}</, `<county>${birthPlace}<`)
        .replace(/4\.5\.4\.4\d\d"/, `4.5.4.${/L-MDM/.test(name) ? '413' : '405'}"`);
      const admitted = admit(fill(message, cda));
      expect(admitted.decision).toEqual({ kind: 'initial', contradictions: [] });
      expect(admitted.flags).toMatchObject({ masquePs: false, invisiblePatient: true, destDmp: true });
      expect(admitted.sender).toMatchObject({ professionalId: '801234564895', structureType: 'FINEG' });
      expect(admitted.exams).toHaveLength(1);
      expect(admitted.exams[0].studyInstanceUid).toMatch(/^1\.2\.250\.1\.213\.4\.5\.2\.1\.1\d\d$/);
      expect(admitted.exams[0].orders[0].accession?.extension).toMatch(/^ACN1\d\d$/);
    }
  });

  it('admits reports whose text was encoded twice', () => {
    const twice = Buffer.from(cdaFile('K'), 'utf8').toString('latin1');
    const admitted = admit(fill(hl7('CR_K-ORU.hl7'), twice.replace('>51215<', '>63220<')));
    expect(admitted.report.encodedTwice).toBe(true);
    expect(admitted.report.code.displayName).toBe("CR d'imagerie médicale");
  });

  it('gives one exam a study for a report of three examinations that replaces another', () => {
    const cda = readFileSync(
      sharedPath('reference', 'ans-samples', 'CDA', 'IMG_CR_IMG_2023.11_CDA-R2-Niveau-1.xml'),
      'utf8',
    );
    const local = cda
      .replace(/<id extension="1234567890121"/, '<id extension="IPP101"')
      .replace(/<county>\d+</, '<county>51215<');
    const admitted = admit(oru(local));
    expect(admitted.exams).toHaveLength(3);
    expect(admitted.decision.kind).toBe('replacement');
    expect(admitted.decision.contradictions).toHaveLength(1);
    expect(admitted.replacedDocumentId).toBeDefined();
  });

  it('admits the message of 2.3.1 without PID, ORC nor PRT, when that is agreed with its sender', () => {
    const bytes = readFileSync(sharedPath('reference', 'ans-samples', 'poc-test-resources', 'patient1.hl7'));
    const agreed = {
      pidOptional: true,
      birthPlaceOptional: true,
      orderControlOptional: true,
      senderFromReport: true,
    };
    const admitted = admit(bytes, agreed);
    expect(admitted).toMatchObject({
      decision: { kind: 'initial' },
      sender: { professionalId: '899700367909', structureId: '499700367909006' },
    });
    expect(refusalOf(bytes.toString('utf8'))).toBe('segment: ORC is missing');
    expect(refusalOf(bytes.toString('utf8'), { orderControlOptional: true })).toBe('segment: PID is missing');
  });

  it('reads an imaging order as a change of study', () => {
    const text = hl7('OMI-O23_ImagingOrder_informatif.hl7');
    const opened = open(text);
    expect(() => admitHeader(opened, { senders: [], processingIds: ['P'] })).not.toThrow();
    expect(admitStudyChanges(opened)).toMatchObject([
      { studyInstanceUid: '1.2.250.1.213.4.5.2.1.101', accessionNumber: '105234751', cancelled: false },
    ]);
    expect(admitStudyChanges(open(text.replace('ORC|NW', 'ORC|CA')))[0].cancelled).toBe(true);
    expect(() => admitStudyChanges(open(text.replace('1.2.250.1.213.4.5.2.1.101', 'x')))).toThrow('IPC-3');
    expect(() => admitStudyChanges(open(text.replace('IPC|', 'ZPC|')))).toThrow('IPC is missing');
  });

  const alter = (from: string | RegExp, to: string) => () => {
    const altered = oru().replace(from, to);
    expect(altered).not.toBe(oru());
    return altered;
  };
  const alterReport = (from: string | RegExp, to: string) => () => {
    const original = cdaFile('E').replace('>63220<', '>51215<');
    const altered = original.replace(from, to);
    expect(altered).not.toBe(original);
    return oru(altered);
  };

  it.each([
    ['other INS in PID', alter('279035121518989', '162018885045327'), 'identity-differs: PID-3 (INS)'],
    [
      'INS of another nature',
      alter('&1.2.250.1.213.1.4.10&', '&1.2.250.1.213.1.4.8&'),
      'identity-differs: PID-3 (INS)',
    ],
    ['no INS in PID', alter(/279035121518989.*?~/, ''), 'ins-missing: PID-3 has no INS'],
    ['two INS in PID', alter(/(279035121518989)(.*?)~/, '$1$2~162018885045327$2~'), 'identity-differs: PID-3 (INS)'],
    ['the same INS twice in PID', alter(/(279035121518989.*?~)/, '$1$1'), 'admitted'],
    ['other local number', alter('IPP101', 'IPP102'), 'identity-differs: PID-3 (PI)'],
    ['other family name', alter('PAT-TROIS^DOMINIQUE', 'PAT-SIX^DOMINIQUE'), 'identity-differs: PID-5.1'],
    ['other given name', alter('PAT-TROIS^DOMINIQUE', 'PAT-TROIS^CLAUDE'), 'identity-differs: PID-5.2'],
    ['same name without accent nor hyphen', alter('PAT-TROIS^DOMINIQUE', 'PAT TROIS^Dominique'), 'admitted'],
    ['other birth date', alter('|19790328|', '|19790327|'), 'identity-differs: PID-7'],
    ['wrong birth date', alter('|19790328|', '|1979ABCD|'), 'value: PID-7'],
    ['other sex', alter('|F|||^^^', '|M|||^^^'), 'identity-differs: PID-8'],
    ['other birth place', alter('BDL^^51215', 'BDL^^51216'), 'identity-differs: PID-11'],
    ['no birth place in PID', alter('BDL^^51215', 'BDL^^'), 'admitted'],
    ['provisional identity', alter('|N|VALI', '|N|PROV'), 'identity-status: PID-32'],
    ['doubtful identity', alter('|N|VALI', '|N|VALI~DOUTE'), 'identity-status: PID-32'],
    ['no identity status', alter('|N|VALI', '|N|'), 'identity-status: PID-32: the identity status is absent'],
    ['no PID', alter(/PID\|/, 'ZID|'), 'segment: PID is missing'],
    ['two PID', alter(/(PID\|.*)/, '$1\r\nPID|||x'), 'cardinality: several PID'],
    ['no ORC', alter('ORC|NW|', 'ZRC|NW|'), 'segment: ORC is missing'],
    ['empty ORC-1', alter('ORC|NW|', 'ORC||'), 'field: ORC-1 is missing'],
    ['unknown ORC-1', alter('ORC|NW|', 'ORC|SN|'), 'code: ORC-1'],
    ['orders that ask for different things', alter(/(ORC\|NW\|.*)/, '$1\r\nORC|CA|x'), 'cardinality: several ORC'],
    ['several orders of one report', alter(/(ORC\|NW\|.*)/, '$1\r\nORC|NW|x'), 'admitted'],
    ['preliminary report', alter(/(Base64\^[^|]+\|{6})F/, '$1P'), 'code: OBX-11'],
    ['no report', alter('OBX|1|ED|', 'OBX|1|ST|'), 'segment: OBX of type ED'],
    ['two reports', alter('OBX|2|CE|', 'OBX|2|ED|'), 'cardinality: several OBX of type ED'],
    ['empty report', alter(/Base64\^[^|]+/, 'Base64^'), 'field: OBX-5'],
    ['report that is not Base64', alter(/Base64\^[^|]{8}/, 'Base64^####'), 'value: OBX-5.5'],
    ['hexadecimal report', alter('^Base64^', '^Hex^'), 'code: OBX-5.4'],
    [
      'report that is not XML',
      alter(/Base64\^[^|]+/, 'Base64^QUJD'),
      'document: report: the report is not acceptable XML',
    ],
    ['no PRT', alter('PRT|', 'ZRT|'), 'segment: PRT of participation SB'],
    ['PRT without professional', alter(/\|801234564895[^|]+/, '|'), 'field: PRT-5'],
    ['PRT with a wrong professional', alter('|801234564895', '|80123'), 'value: PRT-5'],
    ['PRT with a wrong structure', alter('^^^750803447', '^^^7508'), 'value: PRT-8'],
    ['unknown value of a flag', alter('||N^^expanded', '||X^^expanded'), 'code: OBX-5 of MASQUE_PS'],
    ['missing flag of visibility', alter('INVISIBLE_PATIENT', 'OTHER'), 'segment: OBX INVISIBLE_PATIENT'],
    ['missing DESTDMP', alter('|DESTDMP^', '|OTHER^'), 'segment: OBX DESTDMP'],
    ['older name of a flag', alter('INVISIBLE_REP_LEGAUX', 'INVISIBLE_REPRESENTANTS_LEGAUX'), 'admitted'],
    ['flag said twice', alter('|CONNEXION_SECRETE^', '|MASQUE_PS^'), 'admitted'],
    ['flag contradicted', alter('|INVISIBLE_REP_LEGAUX^', '|INVISIBLE_PATIENT^'), 'cardinality: OBX INVISIBLE_PATIENT'],
    [
      'wrong INS key in the report',
      alterReport('279035121518989', '279035121518988'),
      'document: report: recordTarget/patientRole/id (INS)',
    ],
    [
      'no INS in the report',
      alterReport(/<id extension="279035121518989"[^>]*>/, ''),
      'ins-missing: report: recordTarget/patientRole/id (INS)',
    ],
    ['no birth place in the report', alterReport(/<county>.*<\/county>/, ''), 'identity-incomplete: report:'],
    [
      'no accession number',
      alterReport(/<ps3-20:accessionNumber[^>]*>/, ''),
      'document: report: inFulfillmentOf/order/accessionNumber',
    ],
    [
      'no local number in the report',
      alterReport(/<id [^>]*IPP101[^>]*>/, ''),
      'document: report: recordTarget/patientRole/id (local)',
    ],
    [
      'no legal authenticator',
      alterReport(/<legalAuthenticator>[^]*<\/legalAuthenticator>/, ''),
      'document: report: legalAuthenticator',
    ],
    ['no facility', alterReport(/<componentOf>[^]*<\/componentOf>/, ''), 'document: report: componentOf'],
    [
      'no start of the act',
      alterReport(/<low value="20210108102500\+0100"\/>/, ''),
      'document: report: documentationOf',
    ],
    [
      'external entity',
      alterReport('<ClinicalDocument', '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><ClinicalDocument'),
      'document: report: the report is not acceptable XML (doctype)',
    ],
  ])('%s', (_what, message, expected) => {
    expect(refusalOf(message())).toContain(expected);
  });

  it('refuses an INS whose nature is not accepted, and a contradiction when its sender is held to it', () => {
    const opened = open(oru());
    const policy = { overrides: noOverrides, insOids: [insNatures.nir] };
    expect(() => admitReport(opened, admitFlags(opened, noOverrides), policy)).toThrow('intake.ins-nature');
    const contradictory = oru().replace(/(Base64\^[^|]+\|{6})F/, '$1C');
    expect(admit(contradictory).decision).toMatchObject({
      kind: 'replacement',
      contradictions: [expect.stringContaining('ORC-1')],
    });
    expect(refusalOf(contradictory, { refuseContradictions: true })).toContain('contradiction: ORC-1 says initial');
  });

  it('compares TXA-12 with the id of the report', () => {
    const mdm = fill(hl7('CR_E-MDM.hl7'), cdaFile('E').replace('>51215<', '>63220<'));
    expect(refusalOf(mdm)).toBe('admitted');
    expect(refusalOf(mdm.replace('1.2.250.1.213.4.5.4.405|', '1.2.250.1.213.4.5.4.499|'))).toContain(
      'document-version: TXA-12',
    );
  });
});
