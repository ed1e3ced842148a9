import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { dicomOfDump } from '../../../test/support/manifest/dump-to-dicom';
import { aManifest, manifestOf } from '../../../test/support/manifest/builders';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { Manifest, readKeyObject, readManifest, ReadManifest, writeManifest } from '.';

function written(manifest: Manifest = aManifest()): Buffer {
  const result = writeManifest(manifest);
  if (!result.ok) throw new Error(result.reason);
  return result.bytes;
}

function manifestIn(bytes: Buffer): Manifest {
  const read = readManifest(bytes);
  if (!read.ok) throw new Error(`${read.reason}: ${read.detail}`);
  return read.manifest;
}

const reasonOf = (read: ReadManifest) => (read.ok ? 'accepted' : read.reason);

/** Replaces text by text of the same length, wherever it stands. */
function altered(bytes: Buffer, from: string, to: string): Buffer {
  expect(to.length).toBe(from.length);
  const text = bytes.toString('latin1');
  expect(text).toContain(from);
  return Buffer.from(text.replaceAll(from, to), 'latin1');
}

describeWithShared('manifests of the samples', () => {
  it('reads the KOS of the national samples (implicit little endian)', () => {
    const manifest = manifestIn(readFileSync(sharedPath('reference/ans-samples/KOS/ko.dcm')));
    expect(manifest).toMatchObject({
      sopInstanceUid: '1.3.2.751468943.3.1234.56838.231114144457.1.1.1',
      instanceNumber: 1,
      createdDate: '20231114',
      createdTime: '144457',
      timezoneOffset: '+0200',
      title: { value: '113030', scheme: 'DCM', meaning: 'MANIFEST' },
      actLabel: 'Abdomen + pelvis',
      institution: { name: 'BCOM' },
      patient: {
        ins: { matricule: '162018885045327', oid: '1.2.250.1.213.1.4.10' },
        birthFamilyName: 'PAT-SIX',
        firstGivenName: '',
        birthDate: '19960124',
        gender: 'M',
        birthPlace: '29758',
      },
    });
    expect(manifest.studies).toHaveLength(1);
    expect(manifest.studies[0]).toMatchObject({
      studyInstanceUid: '1.3.6.1.4.1.5962.99.1.3711725607.829148806.1687338938407.3.116',
      description: 'Exam A',
      requests: [
        {
          accession: { value: '7252295367250016', issuerOid: '1.2.840.113619.6.196' },
          placerOrder: { value: '12989855966', issuerOid: '2.16.840.1.113883.6.96' },
        },
      ],
    });
    expect(manifest.studies[0].series.map((s) => [s.modality, s.description, s.instances.length])).toEqual([
      ['MR', 'T2 Ax Space Iso RT', 10],
      ['MR', 'T2 Ax Space Iso RT', 10],
    ]);
    expect(manifest.studies[0].series[0].retrieveUrl).toMatch(
      /^http:\/\/localhost:4200\/api\/source\/studies\/.*6\.116$/,
    );
  });

  it('reads the older KOS: text at the root, no accent, no @, no AccessionNumber', () => {
    const manifest = manifestIn(readFileSync(sharedPath('reference/ans-samples/poc-test-resources/kos.dcm')));
    expect(manifest.studies[0]).toMatchObject({
      description: 'Tête^Dental (Adulte)',
      studyId: 'A10020176376',
      referringPhysician: 'YzTEkpkak0p0Tk5',
      series: [{ modality: 'CT', description: 'Dentascan  0.75  H60s', instances: [{}] }],
    });
    expect(manifest.patient).toMatchObject({ birthFamilyName: 'INCISIX', birthDate: '', gender: '', birthPlace: '' });
  });

  it('reads the KOS of the XDM sample', () => {
    const path = 'reference/ans-samples/XDM/KA202401/IHE_XDM/SS000001/KOS_1_1.DCM';
    const manifest = manifestIn(readFileSync(sharedPath(path)));
    expect(manifest.sopInstanceUid).toBe('1.3.2.751468943.3.1234.99352.240116151112.1.1.1');
    expect(manifest.studies[0].series.map((s) => [s.modality, s.description])).toEqual([['MR', 'T2 Ax Space Iso RT']]);
  });

  it('reads the key images of the KIN sample', () => {
    const manifest = manifestIn(dicomOfDump(sharedPath('reference/drim-m-data/dicom-dumps/Manifest_KOS_KIN.xml')));
    const [first, second, third] = manifest.studies[0].series;
    expect(first.instances[0]).toEqual(expect.objectContaining({ instanceNumber: 1 }));
    expect(first.instances[0].keyImages).toBeUndefined();
    expect(second.instances[0].keyImages).toEqual([
      {
        sopInstanceUid: '1.2.250.1.213.4.5.2.3.101.299.31',
        seriesInstanceUid: '1.2.250.1.213.4.5.2.2.101.299',
        title: { value: '113000', scheme: 'DCM', meaning: 'Of Interest' },
        comment: expect.stringContaining('Definition of key instance'),
      },
    ]);
    expect(third.instances[0].sopClassUid).toBe('1.2.840.10008.5.1.4.1.1.88.59');
    expect(manifest.studies[0].series.map((s) => s.number)).toEqual([1000, 1001, 1003]);
    expect(manifest.patient.otherNames).toEqual(['^DOMINIQUE', 'PAT-TROIS^DOMINIQUE']);
    expect(manifest.institution).toEqual({ name: 'Centre de radiologie Ambroise', structureId: '101235555' });
  });

  it('reads the manifest of the cross-validator, with its location identifiers and values on several lines', () => {
    const manifest = manifestIn(dicomOfDump(sharedPath('reference/drim-m-data/dicom-dumps/KOS_OK.xml')));
    const series = manifest.studies[0].series[0];
    expect(series).toMatchObject({ retrieveLocationUid: '1.2.3.4', instances: { length: 10 } });
    expect(series.retrieveUrl).toMatch(/^http:\/\/79\.137/);
    expect(series.instances[0].instanceNumber).toBe(52);
    expect(manifest.patient.insIssuer).toBe('ASIP-SANTE-INS-NIR');
  });

  it('reads the validator sample whose title has its meaning only', () => {
    const manifest = manifestIn(dicomOfDump(sharedPath('reference/drim-m-data/dicom-dumps/OK_KOS_Valide.xml')));
    expect(manifest.studies[0].series[0]).toMatchObject({ modality: 'CT', description: 'A Aorta w/c 1.5 B20f 60%' });
  });

  it('refuses images and reports', () => {
    for (const name of ['CT_small.dcm', 'test-SR.dcm', 'rtplan.dcm', 'MR_small_implicit.dcm']) {
      const bytes = readFileSync(sharedPath('data/dicom', name));
      expect([name, reasonOf(readManifest(bytes))]).toEqual([name, 'wrong-sop-class']);
    }
    expect(reasonOf(readManifest(readFileSync(sharedPath('data/dicom/ExplVR_BigEnd.dcm'))))).toBe('transfer-syntax');
  });
});

describe('readManifest', () => {
  const bytes = written();
  const dataStart = bytes.indexOf(Buffer.from([8, 0, 5, 0]));

  it('reads a bare data set, and a deflated one', () => {
    const expected = manifestIn(bytes);
    expect(manifestIn(bytes.subarray(dataStart))).toEqual(expected);
    // The deflated syntax has a longer UID: its element and the group length are rewritten.
    const head = Buffer.from(bytes.subarray(0, dataStart));
    const at = head.indexOf('1.2.840.10008.1.2.1\0', 'latin1');
    const uid = Buffer.from('1.2.840.10008.1.2.1.99', 'latin1');
    const length = Buffer.alloc(2);
    length.writeUInt16LE(uid.length);
    const deflated = Buffer.concat([
      head.subarray(0, at - 2),
      length,
      uid,
      head.subarray(at + 20),
      deflateRawSync(bytes.subarray(dataStart)),
    ]);
    expect(manifestIn(deflated)).toEqual(expected);
    expect(reasonOf(readManifest(deflated, { bytesMax: 2000 }))).toBe('too-large');
    expect(reasonOf(readManifest(deflated.subarray(0, deflated.length - 40)))).toBe('malformed');
  });

  it.each([
    ['another SOP class', '88.59', '88.58', 'wrong-sop-class'],
    ['another title', '113030', '113000', 'wrong-title'],
    ['a UID with letters', '1.2.250.1.999.1.1.1', '1.2.250.1.999.1.1.x', 'invalid-uid'],
  ])('of %s', (_name, from, to, reason) => {
    let input = altered(bytes, from, to);
    if (reason === 'wrong-title') input = altered(input, 'MANIFEST', 'INTEREST');
    expect(reasonOf(readManifest(input))).toBe(reason);
  });

  it('refuses a document that refers to nothing, or whose study is not the one of its evidence', () => {
    const evidence = Buffer.from([0x40, 0x00, 0x75, 0xa3]);
    const at = bytes.indexOf(evidence);
    const renamed = Buffer.from(bytes);
    renamed[at + 2] = 0x76;
    expect(reasonOf(readManifest(renamed))).toBe('no-evidence');
    const moved = Buffer.from(bytes);
    const study = moved.lastIndexOf(Buffer.from('1.2.250.1.999.1\0'), moved.indexOf('DCMR'));
    moved.write('1.2.250.1.999.9', study);
    expect(reasonOf(readManifest(moved))).toBe('study-not-in-evidence');
  });

  it('reads a rejection note as a key object, not as a manifest', () => {
    const note = written({
      ...aManifest(),
      title: { value: '113001', scheme: 'DCM', meaning: 'Rejected for Quality Reasons' },
    });
    expect(reasonOf(readManifest(note))).toBe('wrong-title');
    expect(readKeyObject(note)).toMatchObject({ ok: true, manifest: { title: { value: '113001' } } });
  });

  it('refuses one instance in two series, and takes one named twice for one', () => {
    const twice = altered(bytes, '1.2.250.1.999.1.2.1\0', '1.2.250.1.999.1.2.2\0');
    expect(manifestIn(twice).studies[0].series[1].instances).toHaveLength(1);
    const both = altered(bytes, '1.2.250.1.999.1.2.1\0', '1.2.250.1.999.1.1.1\0');
    expect(reasonOf(readManifest(both))).toBe('contradictory-references');
  });

  it('keeps to its limits', () => {
    expect(reasonOf(readManifest(bytes, { bytesMax: bytes.length - 1 }))).toBe('too-large');
    expect(reasonOf(readManifest(bytes, { referencesMax: 4 }))).toBe('too-many-references');
    expect(reasonOf(readManifest(bytes, { referencesMax: 5 }))).toBe('accepted');
    expect(reasonOf(readManifest(bytes, { depthMax: 1 }))).toBe('too-deep');
  });

  it('gives a reason, never a crash, for a bomb of sequences', () => {
    const level = Buffer.from(
      '4000a730'.replace('a730', '30a7') + '5351' + '0000' + 'ffffffff' + 'feff00e0' + 'ffffffff',
      'hex',
    );
    const bomb = Buffer.concat([bytes.subarray(0, dataStart), ...Array<Buffer>(50_000).fill(level)]);
    expect(reasonOf(readManifest(bomb))).toBe('too-deep');
  });

  it('gives a reason, never a crash, when cut or altered anywhere', () => {
    const accepted = new Set<string>();
    // What follows the evidence only repeats it.
    const evidenceEnd = bytes.indexOf(Buffer.from([0x40, 0x00, 0x04, 0xa5]));
    for (let end = 0; end < evidenceEnd; end += 7) accepted.add(reasonOf(readManifest(bytes.subarray(0, end))));
    expect(accepted).not.toContain('accepted');
    for (let at = dataStart; at < bytes.length; at += 3) {
      const damaged = Buffer.from(bytes);
      damaged[at] = damaged[at] ^ 0xff;
      expect(typeof reasonOf(readManifest(damaged))).toBe('string');
    }
  });

  it.each([Buffer.alloc(0), Buffer.from('%PDF-1.7'), Buffer.alloc(132), Buffer.from('<html>'.repeat(100))])(
    'refuses what is not DICOM (%#)',
    (input) => expect(reasonOf(readManifest(input))).toBe('not-dicom'),
  );

  it('reads five thousand references in well under a second', () => {
    const large = written(manifestOf(5, 1000));
    const started = performance.now();
    expect(manifestIn(large).studies[0].series.map((s) => s.instances.length)).toEqual([1000, 1000, 1000, 1000, 1000]);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});
