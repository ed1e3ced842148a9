import { data, log } from 'dcmjs';
import { Context, NativeCodecs } from 'dcmjs-codecs';

log.setLevel('error');

export const explicitLittle = '1.2.840.10008.1.2.1';
export const jpegLsLossless = '1.2.840.10008.1.2.4.80';

const implementation = '2.25.302155284411590427617393154306421839170';

/** Attributes by keyword, as dcmjs writes them. */
export type Attributes = Record<string, unknown>;

/** A Part 10 file (PS3.10 section 7.1) written by dcmjs, in UTF-8. */
export function partTenFile(attributes: Attributes, transferSyntaxUid: string, pixelVr?: 'OB' | 'OW'): Buffer {
  const meta = {
    FileMetaInformationVersion: new Uint8Array([0, 1]).buffer,
    MediaStorageSOPClassUID: attributes.SOPClassUID,
    MediaStorageSOPInstanceUID: attributes.SOPInstanceUID,
    TransferSyntaxUID: transferSyntaxUid,
    ImplementationClassUID: implementation,
    ImplementationVersionName: 'DRIMBOX_SANDBOX',
    _vrMap: {},
  };
  const file = new data.DicomDict(data.DicomMetaDictionary.denaturalizeDataset(meta));
  const dataset = { SpecificCharacterSet: 'ISO_IR 192', ...attributes, _vrMap: pixelVr ? { PixelData: pixelVr } : {} };
  file.dict = data.DicomMetaDictionary.denaturalizeDataset(dataset);
  return Buffer.from(file.write());
}

export interface PixelShape {
  rows: number;
  columns: number;
  bitsStored: number;
  signed: boolean;
}

/** One grey frame of 16-bit cells as a JPEG-LS lossless code stream. */
export async function jpegLsFrame(pixels: Uint8Array, shape: PixelShape): Promise<Uint8Array> {
  if (!NativeCodecs.isInitialized()) await NativeCodecs.initializeAsync();
  const context = new Context({
    width: shape.columns,
    height: shape.rows,
    bitsAllocated: 16,
    bitsStored: shape.bitsStored,
    samplesPerPixel: 1,
    pixelRepresentation: 0,
    planarConfiguration: 0,
    photometricInterpretation: 'MONOCHROME2',
    decodedBuffer: pixels,
  });
  const stream = NativeCodecs.encodeJpegLs(context, { lossy: false }).getEncodedBuffer();
  if (!stream) throw new Error('the JPEG-LS encoder returned nothing');
  return stream;
}

/** Memory that holds exactly these bytes, padded to even length, as dcmjs wants pixel data. */
export function exactly(bytes: Uint8Array): ArrayBuffer {
  const copy = new Uint8Array(bytes.length + (bytes.length % 2));
  copy.set(bytes);
  return copy.buffer;
}
