import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  dicomJson,
  encodeFileMeta,
  HeadWalker,
  splitPart10,
  transferSyntax,
  TRANSFER_SYNTAX,
  type DicomJsonAttribute,
  type DicomJsonPersonName,
  type DicomJsonDataSet,
} from '../../src/standards/dicom';
import { dicomFilesBelow } from '../support/dicom-files';
import { describeWithShared, sharedPath } from '../support/shared-data';

/** Real: dcmtk's dcm2json, an implementation that is not ours. Doubled: nothing. */
const dcm2json = (path: string): DicomJsonDataSet => {
  const text = execFileSync('dcm2json', [path], { maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'ignore'] }).toString(
    'utf8',
  );
  return JSON.parse(text) as DicomJsonDataSet;
};

/** Both sides, where the standard leaves a choice (numbers as text, empty values, references), brought to one form. */
function comparable(dataSet: DicomJsonDataSet): unknown {
  const entries = Object.entries(dataSet).filter(
    ([key]) => !key.endsWith('0000') && key !== '00080005' && key !== 'FFFCFFFC',
  );
  return Object.fromEntries(entries.map(([key, attribute]) => [key, comparableAttribute(attribute)]));
}

function comparableAttribute({ vr, Value, InlineBinary, BulkDataURI }: DicomJsonAttribute): unknown {
  if (BulkDataURI !== undefined || InlineBinary !== undefined) return { vr: 'binary' };
  if (vr === 'SQ') return { vr, items: (Value ?? []).map((item) => comparable(item as DicomJsonDataSet)) };
  const values = (Value ?? []).map((value) => {
    if (vr === 'PN') return withoutEmptyComponents(value as DicomJsonPersonName | null);
    if (['DS', 'IS', 'FL', 'FD'].includes(vr) && value !== null) return Number(Number(value).toPrecision(6));
    return value === '' ? null : value;
  });
  return { vr: ['OB', 'OW', 'UN', 'OF', 'OD', 'OL'].includes(vr) ? 'binary' : vr, values };
}

/** dcm2json drops the empty components at the end of a name, which PS3.5 6.2.1.1 allows. */
function withoutEmptyComponents(name: DicomJsonPersonName | null): unknown {
  const groups = Object.entries(name ?? {}).map(([group, text]) => [group, String(text).replace(/\^+$/, '')]);
  return groups.length === 0 ? null : Object.fromEntries(groups);
}

const NOT_READ_BY_DCMTK = new Set(['no_meta.dcm', 'rtstruct.dcm']);

describeWithShared('DICOM JSON against dcm2json', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dicom-json-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each(dicomFilesBelow(sharedPath('data/dicom')))('%s', (name, path) => {
    const file = readFileSync(path);
    if (NOT_READ_BY_DCMTK.has(name)) {
      expect(() => splitPart10(file)).toThrow(expect.objectContaining({ reason: 'preamble-absent' }));
      return;
    }
    const { meta, dataSet } = splitPart10(file);
    const walker = new HeadWalker({
      transferSyntaxUid: meta.transferSyntaxUid,
      stopAt: 0x7fe00008,
      headBytesMax: 1 << 24,
    });
    walker.push(dataSet);
    walker.end();
    const deflated = transferSyntax(meta.transferSyntaxUid)?.deflated;
    const transferSyntaxUid = deflated ? TRANSFER_SYNTAX.explicitVrLittleEndian : meta.transferSyntaxUid;
    const json = dicomJson(walker.head(), { transferSyntaxUid, bulkDataUri: (path) => `bulk/${path}` });
    // dcm2json refuses compressed pixel data: it is given the same head.
    const head = join(folder, 'head.dcm');
    const fileMeta = encodeFileMeta({
      mediaStorageSopClassUid: '1.2.840.10008.5.1.4.1.1.7',
      mediaStorageSopInstanceUid: '2.25.1',
      transferSyntaxUid,
    });
    writeFileSync(head, Buffer.concat([fileMeta, walker.head()]));
    expect(comparable(json)).toEqual(comparable(dcm2json(head)));
  });
});
