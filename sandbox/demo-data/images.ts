import { setImmediate as nextTurn } from 'node:timers/promises';
import { Attributes, exactly, explicitLittle, jpegLsFrame, jpegLsLossless, partTenFile } from './part-ten';
import { DemoFile, instanceAttributes, PlannedSeries, SeriesHead, StudyHead, studyUid } from './demo-study';
import { headHeightMm, headSlice, Weighting } from './phantom/head';
import { chestRadiograph, ultrasoundFrame } from './phantom/projections';
import { thoraxHeightMm, thoraxSlice } from './phantom/thorax';

const sopClasses = {
  ct: '1.2.840.10008.5.1.4.1.1.2',
  mr: '1.2.840.10008.5.1.4.1.1.4',
  cr: '1.2.840.10008.5.1.4.1.1.1',
  us: '1.2.840.10008.5.1.4.1.1.3.1',
};

/** Image Pixel module of a grey image with 16-bit cells. */
const greyPixels = (rows: number, columns: number, bitsStored: number): Attributes => ({
  SamplesPerPixel: 1,
  PhotometricInterpretation: 'MONOCHROME2',
  Rows: rows,
  Columns: columns,
  BitsAllocated: 16,
  BitsStored: bitsStored,
  HighBit: bitsStored - 1,
  PixelRepresentation: 0,
});

async function fileOf(
  attributes: Attributes,
  pixels: Uint8Array,
  options: { jpegLs: boolean; bits: number },
): Promise<DemoFile> {
  const shape = {
    rows: attributes.Rows as number,
    columns: attributes.Columns as number,
    bitsStored: options.bits,
    signed: false,
  };
  const syntax = options.jpegLs ? jpegLsLossless : explicitLittle;
  const stored = options.jpegLs ? await jpegLsFrame(pixels, shape) : pixels;
  const vr = options.jpegLs || options.bits <= 8 ? 'OB' : 'OW';
  await nextTurn();
  return {
    sopClassUid: attributes.SOPClassUID as string,
    sopInstanceUid: attributes.SOPInstanceUID as string,
    seriesInstanceUid: attributes.SeriesInstanceUID as string,
    transferSyntaxUid: syntax,
    bytes: partTenFile({ ...attributes, PixelData: [exactly(stored)] }, syntax, vr),
  };
}

const { max, min, round } = Math;

/** Numbers in 16-bit cells, kept between 0 and the largest that the stored bits hold. */
function cellsOf(values: Float32Array, bits: number, shift: number): Uint8Array {
  const cells = new Uint16Array(values.length);
  const top = 2 ** bits - 1;
  for (let at = 0; at < values.length; at++) cells[at] = max(0, min(top, round(values[at] + shift)));
  return new Uint8Array(cells.buffer);
}

/** Plane of an axial stack, from top to bottom (PS3.3 section C.7.6.2). */
function axialPlane(
  study: StudyHead,
  z: number,
  size: { columns: number; spacing: number; thickness: number },
): Attributes {
  const corner = (-size.columns / 2) * size.spacing;
  return {
    FrameOfReferenceUID: `${studyUid(study)}.0.1`,
    PositionReferenceIndicator: '',
    ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
    ImagePositionPatient: [corner.toFixed(4), corner.toFixed(4), (-z).toFixed(4)],
    SliceLocation: (-z).toFixed(4),
    SliceThickness: size.thickness.toFixed(3),
    PixelSpacing: [size.spacing.toFixed(6), size.spacing.toFixed(6)],
  };
}

export interface CtPlan {
  slices: number;
  columns: number;
  noduleMm: number;
  jpegLs: boolean;
}

export function ctSeries(study: StudyHead, head: SeriesHead, plan: CtPlan): PlannedSeries {
  const step = thoraxHeightMm / plan.slices;
  const spacing = 360 / plan.columns;
  async function* make(): AsyncGenerator<DemoFile> {
    for (let index = 0; index < plan.slices; index++) {
      const z = (index + 0.5) * step;
      const canvas = thoraxSlice(z, {
        columns: plan.columns,
        spacing,
        noduleMm: plan.noduleMm,
        grain: 13,
        seed: study.number,
      });
      const attributes = {
        ...instanceAttributes(study, head, sopClasses.ct, index + 1),
        ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
        AcquisitionNumber: 1,
        KVP: '120',
        XRayTubeCurrent: 220,
        ConvolutionKernel: 'STANDARD',
        PatientPosition: 'HFS',
        ...axialPlane(study, z, { columns: plan.columns, spacing, thickness: step }),
        ...greyPixels(plan.columns, plan.columns, 12),
        WindowCenter: ['40', '-600'],
        WindowWidth: ['400', '1500'],
        WindowCenterWidthExplanation: ['MEDIASTIN', 'PARENCHYME'],
        RescaleIntercept: '-1024',
        RescaleSlope: '1',
        RescaleType: 'HU',
      };
      yield await fileOf(attributes, cellsOf(canvas.values, 12, 1024), { jpegLs: plan.jpegLs, bits: 12 });
    }
  }
  return { head, instances: plan.slices, make };
}

export function mrSeries(
  study: StudyHead,
  head: SeriesHead,
  plan: { weighting: Weighting; slices: number; columns: number },
): PlannedSeries {
  const step = headHeightMm / plan.slices;
  const spacing = 230 / plan.columns;
  const timing = plan.weighting === 'T1' ? { echo: '10', repetition: '550' } : { echo: '95', repetition: '4200' };
  async function* make(): AsyncGenerator<DemoFile> {
    for (let index = 0; index < plan.slices; index++) {
      const z = (index + 0.5) * step;
      const canvas = headSlice(z, plan.weighting, { columns: plan.columns, spacing });
      const attributes = {
        ...instanceAttributes(study, head, sopClasses.mr, index + 1),
        ImageType: ['ORIGINAL', 'PRIMARY', 'M', 'SE'],
        ScanningSequence: 'SE',
        SequenceVariant: 'NONE',
        ScanOptions: '',
        MRAcquisitionType: '2D',
        RepetitionTime: timing.repetition,
        EchoTime: timing.echo,
        EchoTrainLength: 1,
        MagneticFieldStrength: '1.5',
        PatientPosition: 'HFS',
        ...axialPlane(study, z, { columns: plan.columns, spacing, thickness: step }),
        ...greyPixels(plan.columns, plan.columns, 12),
        WindowCenter: plan.weighting === 'T1' ? '700' : '900',
        WindowWidth: plan.weighting === 'T1' ? '1400' : '1800',
      };
      yield await fileOf(attributes, cellsOf(canvas.values, 12, 0), { jpegLs: false, bits: 12 });
    }
  }
  return { head, instances: plan.slices, make };
}

/** Chest from the front and from the side. */
/** Computed Radiography Image IOD (PS3.3 section A.2): both views of a chest. */
export function crSeries(study: StudyHead, head: SeriesHead, columns: number): PlannedSeries {
  async function* make(): AsyncGenerator<DemoFile> {
    for (const [index, view] of (['front', 'side'] as const).entries()) {
      const image = chestRadiograph(view, columns);
      const attributes = {
        ...instanceAttributes(study, head, sopClasses.cr, index + 1),
        ImageType: ['ORIGINAL', 'PRIMARY', ''],
        ViewPosition: view === 'front' ? 'PA' : 'LL',
        PatientOrientation: view === 'front' ? ['L', 'F'] : ['P', 'F'],
        KVP: '120',
        PlateType: 'PHOSPHOR',
        DistanceSourceToDetector: '1800',
        ImagerPixelSpacing: [image.spacing.toFixed(6), image.spacing.toFixed(6)],
        LossyImageCompression: '00',
        BurnedInAnnotation: 'NO',
        ...greyPixels(image.rows, image.columns, 12),
        RescaleIntercept: '0',
        RescaleSlope: '1',
        RescaleType: 'US',
        WindowCenter: '2300',
        WindowWidth: '3400',
      };
      yield await fileOf(attributes, new Uint8Array(image.values.buffer), { jpegLs: true, bits: 12 });
    }
  }
  return { head, instances: 2, make };
}

export function usSeries(
  study: StudyHead,
  head: SeriesHead,
  plan: { frames: number; rows: number; columns: number },
): PlannedSeries {
  async function* make(): AsyncGenerator<DemoFile> {
    const length = plan.rows * plan.columns * 3;
    const pixels = new Uint8Array(length * plan.frames);
    for (let frame = 0; frame < plan.frames; frame++)
      pixels.set(ultrasoundFrame(frame, plan.frames, plan), frame * length);
    const attributes = {
      ...instanceAttributes(study, head, sopClasses.us, 1),
      ImageType: ['ORIGINAL', 'PRIMARY', 'ABDOMINAL'],
      FrameTime: '40',
      FrameIncrementPointer: 0x00181063,
      PatientOrientation: '',
      LossyImageCompression: '00',
      ...greyPixels(plan.rows, plan.columns, 8),
      ...{ SamplesPerPixel: 3, PhotometricInterpretation: 'RGB', PlanarConfiguration: 0 },
      ...{ NumberOfFrames: plan.frames, BitsAllocated: 8 },
      UltrasoundColorDataPresent: 1,
    };
    yield await fileOf(attributes, pixels, { jpegLs: false, bits: 8 });
  }
  return { head, instances: 1, make };
}

export { sopClasses };
