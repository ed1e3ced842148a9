import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeWithShared, sharedPath } from '../../../test/support/shared-data';
import { TRANSFER_SYNTAX as T } from '../dicom';
import { chooseTransferSyntax } from './choose-transfer-syntax';
import type { AcceptedResource, WishList } from './dicomweb.types';
import { parseBearer, parseKosSopInstanceUid } from './request-headers';
import { parseWadoPath } from './wado-path';
import { chooseFrameMediaType, chooseMetadataMediaType, parseAccept } from './wish-list';

function wishesOf(accept: string | string[], resource: AcceptedResource = 'instances'): WishList {
  const parsed = parseAccept(accept, resource);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed.value;
}

const dicom = (syntax: string, q?: string): string =>
  `multipart/related; type="application/dicom";transfer-syntax=${syntax}${q === undefined ? '' : `;q=${q}`};boundary=**`;
const ENCODERS = [
  T.explicitVrLittleEndian,
  T.jpegLsLossless,
  T.jpeg2000,
  T.deflatedExplicitVrLittleEndian,
  T.explicitVrBigEndian,
  T.jpegBaseline,
];
const choose = (
  accept: string,
  stored: string,
  canEncodeTo: readonly string[] = ENCODERS,
  resource: AcceptedResource = 'instances',
): unknown => chooseTransferSyntax({ stored, canEncodeTo, wishes: wishesOf(accept, resource) });

describeWithShared('every request sample of the national project', () => {
  const root = sharedPath('reference/drim-m-data/wado-rs-requests');
  const samples = ['client-simulator', 'request-validator-instance', 'request-validator-series', 'validator-samples']
    .flatMap((folder) => {
      try {
        return readdirSync(join(root, folder)).map((name) => join(folder, name));
      } catch {
        return [];
      }
    })
    .filter((name) => !name.includes('Reponse'));

  it.each(samples)('%s', (name) => {
    const [requestLine, ...lines] = readFileSync(join(root, name), 'utf8').split(/\r?\n/);
    const fields = lines
      .filter(Boolean)
      .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]);
    const field = (wanted: string): string[] => fields.filter(([key]) => key === wanted).map(([, value]) => value);
    const path = new URL(requestLine.split(' ')[1]).pathname;
    const resource = parseWadoPath(path.slice(path.indexOf('/studies/')));
    expect(resource.ok).toBe(true);
    const asked = resource.ok && resource.value.level === 'frames' ? 'frames' : 'instances';
    const many = parseAccept(field('Accept'), asked);
    const joined = parseAccept(field('Accept').join(', '), asked);
    expect(many).toEqual(joined);
    expect(many.ok && many.value.wishes).toHaveLength(10);
    expect(parseKosSopInstanceUid(field('KOS-SOPInstanceUID')[0]).ok).toBe(true);
    expect(parseBearer(field('Authorization')[0]).ok).toBe(true);
    if (!many.ok) return;
    const wishes = many.value;
    // What is stored leaves as it is whenever the list takes it; the lossy ones are refused by q=0 in two samples.
    expect(chooseTransferSyntax({ stored: T.jpegLsLossless, canEncodeTo: ENCODERS, wishes })).toBe('as-is');
    const refused = name.includes('request-validator') && name.includes('QParameterMinMax');
    const jpeg = chooseTransferSyntax({ stored: T.jpegBaseline, canEncodeTo: ENCODERS, wishes });
    expect(jpeg).toEqual(refused ? { convertTo: T.explicitVrLittleEndian } : 'as-is');
  });
});

describe('parseAccept', () => {
  it('ranks by q, then as written; zero stays, to refuse', () => {
    const { wishes } = wishesOf([
      dicom('1.2.3', '0.5'),
      dicom('1.2.4', '0'),
      dicom('1.2.5', '1.0'),
      dicom('1.2.6', '0.5'),
      dicom('1.2.7'),
    ]);
    expect(wishes.map(({ transferSyntax, q }) => [transferSyntax, q])).toEqual([
      ['1.2.5', 1],
      ['1.2.7', 1],
      ['1.2.3', 0.5],
      ['1.2.6', 0.5],
      ['1.2.4', 0],
    ]);
  });

  it('reads a range without media type as multipart DICOM', () => {
    expect(wishesOf('transfer-syntax=1.2.3;q=0.9;boundary=b').wishes).toEqual([
      { mediaType: 'application/dicom', multipart: true, transferSyntax: '1.2.3', q: 0.9 },
    ]);
  });

  it.each([undefined, '', '  ', []])('tells that it is absent: %j', (header) => {
    expect(parseAccept(header, 'instances')).toEqual({ ok: false, reason: 'accept-absent' });
  });

  it.each([
    ',',
    ', ,',
    'dicom',
    'multipart/related; type="application/dicom',
    dicom('1.2.03'),
    dicom('abc'),
    dicom('1.2', '2'),
    dicom('1.2', '-1'),
    dicom('1.2', '0,5'),
    dicom('1.2', 'high'),
    '*/*; q',
    'a/b/c',
    'é/*',
    '*/*;q=1.1',
    '*/*;q=NaN',
    '*/*;=1',
  ])('refuses %j as malformed', (header) => {
    expect(parseAccept(header, 'instances')).toMatchObject({ ok: false, reason: 'accept-malformed' });
  });

  it('refuses an absurd length and an absurd number of ranges', () => {
    expect(parseAccept(`a/${'b'.repeat(20_000)}`, 'instances')).toMatchObject({ ok: false, reason: 'accept-too-long' });
    expect(parseAccept('a/b,'.repeat(300), 'instances')).toMatchObject({ ok: false, reason: 'accept-too-long' });
  });

  it('leaves out what cannot serve the resource', () => {
    expect(wishesOf('text/html, multipart/related; type="application/dicom+xml"').wishes).toEqual([]);
    expect(wishesOf('application/dicom+json', 'instances').wishes).toEqual([]);
    expect(wishesOf('image/jls, application/octet-stream', 'instances').wishes).toEqual([]);
    expect(wishesOf('image/jls, application/octet-stream', 'frames').wishes).toHaveLength(2);
  });
});

describe('chooseTransferSyntax', () => {
  const any = 'multipart/related; type="application/dicom"; transfer-syntax=*';
  it.each<[string, string, string, unknown]>([
    ['anything goes', '*/*', T.jpegBaseline, 'as-is'],
    ['any syntax goes', any, T.mpeg4High41, 'as-is'],
    ['a syntax that we do not know goes as it is', any, '1.2.3.4', 'as-is'],
    [
      'no syntax named means explicit little endian',
      'multipart/related; type="application/dicom"',
      T.jpegLsLossless,
      { convertTo: T.explicitVrLittleEndian },
    ],
    ['single-part DICOM too', 'application/dicom', T.explicitVrLittleEndian, 'as-is'],
    [
      'the best ranked that we can write',
      `${dicom(T.jpegLosslessSv1, '0.9')},${dicom(T.jpegLsLossless, '0.8')},${dicom(T.explicitVrLittleEndian, '0.4')}`,
      T.implicitVrLittleEndian,
      { convertTo: T.jpegLsLossless },
    ],
    [
      'among equals, the first written',
      `${dicom(T.explicitVrLittleEndian)},${dicom(T.jpegLsLossless)}`,
      T.rleLossless,
      { convertTo: T.explicitVrLittleEndian },
    ],
    [
      'stored but refused by q=0',
      `${dicom(T.jpegLsLossless, '0')},*/*;q=0.5`,
      T.jpegLsLossless,
      { convertTo: T.explicitVrLittleEndian },
    ],
    [
      'JPEG 2000 is written without loss',
      dicom(T.jpeg2000, '0.6'),
      T.explicitVrLittleEndian,
      { convertTo: T.jpeg2000 },
    ],
    [
      'lossy ranked equal: the lossless one',
      `${dicom(T.jpegBaseline)},${dicom(T.explicitVrLittleEndian)}`,
      T.rleLossless,
      { convertTo: T.explicitVrLittleEndian },
    ],
    [
      'lossy ranked above every lossless one',
      `${dicom(T.jpegBaseline, '0.9')},${dicom(T.explicitVrLittleEndian, '0.4')}`,
      T.rleLossless,
      { convertTo: T.jpegBaseline },
    ],
    [
      'lossy ranked above those that we write, not above all',
      `${dicom(T.jpegBaseline, '0.8')},${dicom(T.jpegLosslessSv1, '0.9')},${dicom(T.explicitVrLittleEndian, '0.4')}`,
      T.rleLossless,
      { convertTo: T.explicitVrLittleEndian },
    ],
    ['lossy alone is wanted', dicom(T.jpegBaseline), T.rleLossless, { convertTo: T.jpegBaseline }],
    ['lossy to another lossy: never', dicom(T.jpegBaseline), T.jpegExtended, 'not-acceptable'],
    ['perhaps lossy to lossy: never', dicom(T.jpegBaseline), T.jpeg2000, 'not-acceptable'],
    [
      'lossy to lossless: nothing more is lost',
      dicom(T.explicitVrLittleEndian),
      T.jpegExtended,
      { convertTo: T.explicitVrLittleEndian },
    ],
    ['nothing that we can write', dicom(T.jpegLosslessSv1), T.explicitVrLittleEndian, 'not-acceptable'],
    ['everything refused', '*/*;q=0', T.explicitVrLittleEndian, 'not-acceptable'],
    ['nothing of use', 'text/html', T.explicitVrLittleEndian, 'not-acceptable'],
  ])('%s', (_name, accept, stored, wanted) => {
    expect(choose(accept, stored)).toEqual(wanted);
  });

  it.each<[string, string, unknown]>([
    ['multipart/related; type=application/octet-stream; transfer-syntax=*', T.jpegLsLossless, 'as-is'],
    ['multipart/related; type="application/octet-stream"', T.implicitVrLittleEndian, 'as-is'],
    ['multipart/related; type="application/octet-stream"', T.explicitVrBigEndian, 'as-is'],
    ['multipart/related; type="application/octet-stream"', T.jpegLsLossless, { convertTo: T.explicitVrLittleEndian }],
    ['multipart/related; type="image/jls"', T.jpegLsLossless, 'as-is'],
    ['multipart/related; type="image/jls"', T.explicitVrLittleEndian, { convertTo: T.jpegLsLossless }],
    ['image/*', T.jpeg2000Lossless, 'as-is'],
    [
      'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.2',
      T.explicitVrLittleEndian,
      'not-acceptable',
    ],
    [
      'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1.99',
      T.jpegLsLossless,
      'not-acceptable',
    ],
    [
      'multipart/related; type="image/jpeg"; transfer-syntax=1.2.840.10008.1.2.4.50',
      T.jpegLosslessSv1,
      { convertTo: T.jpegBaseline },
    ],
  ])('frames: %s of %s', (accept, stored, wanted) => {
    expect(choose(accept, stored, ENCODERS, 'frames')).toEqual(wanted);
  });
});

describe('media types of the answer', () => {
  it.each([
    ['application/dicom+json', 'application/dicom+json'],
    ['*/*', 'application/dicom+json'],
    ['application/json', 'application/json'],
    ['application/json, application/dicom+json', 'application/dicom+json'],
    ['application/json, application/dicom+json;q=0.5', 'application/json'],
    ['application/dicom+json;q=0, */*', 'application/json'],
    ['multipart/related; type="application/dicom+xml"', 'application/dicom+xml'],
    ['multipart/related; type="application/dicom+xml", application/dicom+json;q=0.5', 'application/dicom+xml'],
    ['multipart/related; type="application/dicom+xml", */*', 'application/dicom+json'],
    ['application/dicom+xml', 'not-acceptable'],
    ['multipart/related; type="application/dicom"', 'not-acceptable'],
    ['text/html', 'not-acceptable'],
  ])('metadata for %s: %s', (accept, wanted) => {
    expect(chooseMetadataMediaType(wishesOf(accept, 'metadata'))).toBe(wanted);
  });

  it.each([
    [
      'multipart/related; type=application/octet-stream; transfer-syntax=*',
      { mediaType: 'application/octet-stream', multipart: true },
    ],
    ['multipart/related; type="image/jls"', { mediaType: 'image/jls', multipart: true }],
    ['image/jls', { mediaType: 'image/jls', multipart: false }],
    [dicom(T.jpegLsLossless), { mediaType: 'image/jls', multipart: true }],
  ])('a JPEG-LS frame for %s', (accept, wanted) => {
    expect(chooseFrameMediaType(wishesOf(accept, 'frames'), 'image/jls')).toEqual(wanted);
  });
});
