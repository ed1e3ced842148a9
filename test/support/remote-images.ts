import { encodeElement, encodeFileMeta, encodeText, EXPLICIT_LITTLE } from '../../src/standards/dicom';
import type { Manifest } from '../../src/standards/manifest';
import { aManifest } from './manifest/builders';

export const calledPatient = {
  ins: { matricule: '279035121518989', oid: '1.2.250.1.213.1.4.10' },
  birthFamilyName: 'PAT-TROIS',
  firstGivenName: 'DOMINIQUE',
  gender: 'F',
  birthDate: { text: '19790328', precision: 'day', lunar: false },
} as const;

export interface ImageOver {
  readonly studyInstanceUid?: string;
  readonly seriesInstanceUid?: string;
  readonly sopInstanceUid?: string;
  readonly sopClassUid?: string;
  readonly patientName?: string;
  readonly patientId?: string;
  readonly birthDate?: string;
  readonly sex?: string;
  readonly pixelBytes?: number;
}

const explicitLittle = '1.2.840.10008.1.2.1';

/** A small image in explicit little endian: its data set. */
export function imageDataset(over: ImageOver): Buffer {
  const text = (tag: number, vr: string, value: string) => encodeText(tag, vr, value, EXPLICIT_LITTLE);
  const number = (tag: number, value: number) => {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16LE(value);
    return encodeElement(tag, 'US', bytes, EXPLICIT_LITTLE);
  };
  const pixelBytes = over.pixelBytes ?? 512;
  return Buffer.concat([
    text(0x00080005, 'CS', 'ISO_IR 100'),
    text(0x00080016, 'UI', over.sopClassUid ?? '1.2.840.10008.5.1.4.1.1.2'),
    text(0x00080018, 'UI', over.sopInstanceUid ?? '1.2.3'),
    text(0x00080060, 'CS', 'CT'),
    text(0x00100010, 'PN', over.patientName ?? 'PAT-TROIS^DOMINIQUE'),
    text(0x00100020, 'LO', over.patientId ?? 'REMOTE-7'),
    text(0x00100030, 'DA', over.birthDate ?? '19790328'),
    text(0x00100040, 'CS', over.sex ?? 'F'),
    text(0x0020000d, 'UI', over.studyInstanceUid ?? '1.2'),
    text(0x0020000e, 'UI', over.seriesInstanceUid ?? '1.2.1'),
    number(0x00280002, 1),
    text(0x00280004, 'CS', 'MONOCHROME2'),
    number(0x00280010, 16),
    number(0x00280011, pixelBytes / 32),
    number(0x00280100, 16),
    number(0x00280101, 16),
    number(0x00280102, 15),
    number(0x00280103, 0),
    encodeElement(0x7fe00010, 'OW', Buffer.alloc(pixelBytes, 7), EXPLICIT_LITTLE),
  ]);
}

/** The same as a file. */
export function imageFile(over: ImageOver): Buffer {
  const meta = encodeFileMeta({
    transferSyntaxUid: explicitLittle,
    mediaStorageSopClassUid: over.sopClassUid ?? '1.2.840.10008.5.1.4.1.1.2',
    mediaStorageSopInstanceUid: over.sopInstanceUid ?? '1.2.3',
  });
  return Buffer.concat([meta, imageDataset(over)]);
}

export interface RemoteExam {
  readonly manifest: Manifest;
  readonly studyInstanceUid: string;
  /** Files of each series, as the gateway that published them holds them. */
  readonly files: Map<string, Map<string, Buffer>>;
}

/** A study of `counts.length` series, published by a gateway at that base address. */
export function remoteExam(base: string, counts: readonly number[], root = '1.2.250.1.999.77'): RemoteExam {
  const studyInstanceUid = root;
  const files = new Map<string, Map<string, Buffer>>();
  const series = counts.map((count, index) => {
    const seriesInstanceUid = `${root}.${index + 1}`;
    const instances = Array.from({ length: count }, (_, at) => ({
      sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      sopInstanceUid: `${seriesInstanceUid}.${at + 1}`,
      instanceNumber: at + 1,
    }));
    files.set(
      seriesInstanceUid,
      new Map(
        instances.map(({ sopInstanceUid }) => [
          sopInstanceUid,
          imageFile({ studyInstanceUid, seriesInstanceUid, sopInstanceUid }),
        ]),
      ),
    );
    const retrieveUrl = `${base}/studies/${studyInstanceUid}/series/${seriesInstanceUid}`;
    return { seriesInstanceUid, number: index + 1, modality: 'CT', retrieveUrl, instances };
  });
  return { manifest: aManifest({ studies: [{ studyInstanceUid, requests: [], series }] }), studyInstanceUid, files };
}

/** Identifiers of a study of one series of one object. */
export const uidsOf = (studyInstanceUid: string) => ({
  studyInstanceUid,
  seriesInstanceUid: `${studyInstanceUid}.1`,
  sopInstanceUid: `${studyInstanceUid}.1.1`,
});

/** The least that a reader of PDF shows: an empty page. */
export const onePagePdf = Buffer.from(
  '%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj 2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj ' +
    '3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 300 300]>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n',
);

/** A PDF as an object of its own (PS3.3 A.45.1). */
export function documentFile(studyInstanceUid: string, pdf: Buffer): Buffer {
  const { seriesInstanceUid, sopInstanceUid } = uidsOf(studyInstanceUid);
  const sopClassUid = '1.2.840.10008.5.1.4.1.1.104.1';
  const text = (tag: number, vr: string, value: string) => encodeText(tag, vr, value, EXPLICIT_LITTLE);
  const dataset = Buffer.concat([
    text(0x00080016, 'UI', sopClassUid),
    text(0x00080018, 'UI', sopInstanceUid),
    text(0x00080060, 'CS', 'DOC'),
    text(0x0020000d, 'UI', studyInstanceUid),
    text(0x0020000e, 'UI', seriesInstanceUid),
    text(0x00200011, 'IS', '1'),
    text(0x00200013, 'IS', '1'),
    text(0x00420010, 'ST', 'Document'),
    encodeElement(0x00420011, 'OB', Buffer.concat([pdf, Buffer.alloc(pdf.length % 2)]), EXPLICIT_LITTLE),
    text(0x00420012, 'LO', 'application/pdf'),
  ]);
  const meta = encodeFileMeta({
    transferSyntaxUid: explicitLittle,
    mediaStorageSopClassUid: sopClassUid,
    mediaStorageSopInstanceUid: sopInstanceUid,
  });
  return Buffer.concat([meta, dataset]);
}
