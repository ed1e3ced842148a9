/** SOP classes that the gateway treats apart; every other storage class is an image or a document that it carries. */
export const SOP_CLASS = {
  verification: '1.2.840.10008.1.1',
  studyRootFind: '1.2.840.10008.5.1.4.1.2.2.1',
  studyRootMove: '1.2.840.10008.5.1.4.1.2.2.2',
  studyRootGet: '1.2.840.10008.5.1.4.1.2.2.3',
  keyObjectSelection: '1.2.840.10008.5.1.4.1.1.88.59',
  crImageStorage: '1.2.840.10008.5.1.4.1.1.1',
  ctImageStorage: '1.2.840.10008.5.1.4.1.1.2',
  enhancedCtImageStorage: '1.2.840.10008.5.1.4.1.1.2.1',
  mrImageStorage: '1.2.840.10008.5.1.4.1.1.4',
  enhancedMrImageStorage: '1.2.840.10008.5.1.4.1.1.4.1',
  usMultiFrameImageStorage: '1.2.840.10008.5.1.4.1.1.3.1',
  usImageStorage: '1.2.840.10008.5.1.4.1.1.6.1',
  secondaryCaptureImageStorage: '1.2.840.10008.5.1.4.1.1.7',
  digitalXRayForPresentation: '1.2.840.10008.5.1.4.1.1.1.1',
  digitalMammographyForPresentation: '1.2.840.10008.5.1.4.1.1.1.2',
  basicTextSr: '1.2.840.10008.5.1.4.1.1.88.11',
  enhancedSr: '1.2.840.10008.5.1.4.1.1.88.22',
  comprehensiveSr: '1.2.840.10008.5.1.4.1.1.88.33',
  encapsulatedPdf: '1.2.840.10008.5.1.4.1.1.104.1',
  encapsulatedCda: '1.2.840.10008.5.1.4.1.1.104.2',
} as const;

const STORAGE_ROOT = '1.2.840.10008.5.1.4.1.1.';
/** Classes without any picture: structured reports, presentation states, waveforms, RT objects, raw data, encapsulated documents. */
const WITHOUT_PICTURE = [
  '88.', // structured reports, key object selection
  '11.', // presentation states
  '9.', // waveforms
  '66', // raw data, registrations, surfaces
  '104.', // encapsulated documents
  '481.', // radiotherapy
  '67', // real world value mapping
  '4.2', // MR spectroscopy
];
const PICTURES_AMONG_THEM = new Set(['66.4', '66.7', '481.1', '481.2', '481.23']); // segmentations, RT image, RT dose, RT enhanced image

/** True for a Storage SOP class of the standard (PS3.4 B.5). Private classes answer false: carry them as they are. */
export function isStorageSopClass(uid: string): boolean {
  return uid.startsWith(STORAGE_ROOT) && uid.length > STORAGE_ROOT.length;
}

/** True when objects of this class may hold pixel data, hence frames. Unknown and private classes answer true. */
export function mayHoldPixelData(uid: string): boolean {
  if (!isStorageSopClass(uid)) return true;
  const leaf = uid.slice(STORAGE_ROOT.length);
  if (PICTURES_AMONG_THEM.has(leaf)) return true;
  return !WITHOUT_PICTURE.some(
    (prefix) => leaf === prefix || leaf.startsWith(prefix.endsWith('.') ? prefix : `${prefix}.`),
  );
}

export const isKeyObjectSelection = (uid: string): boolean => uid === SOP_CLASS.keyObjectSelection;

/** Structured reports, key object selections left aside (PS3.4 B.5, leaves 88.x). */
export function isStructuredReport(uid: string): boolean {
  return uid.startsWith(`${STORAGE_ROOT}88.`) && !isKeyObjectSelection(uid);
}
