import type { ManifestCode } from './manifest';

/** Key Object Selection Document Storage: manifests, key images and rejection notes alike. */
export const keyObjectSelectionClass = '1.2.840.10008.5.1.4.1.1.88.59';

/** Title of a DRIM-M manifest; the samples write its meaning in capitals (CID 7010: "Manifest"). */
export const manifestTitle: ManifestCode = { value: '113030', scheme: 'DCM', meaning: 'MANIFEST' };

/** IHE MADO Rev. 1.1, temporary code until DICOM CP-2595. */
export const madoTitle: ManifestCode = { value: 'MADOTEMP001', scheme: '99IHE', meaning: 'Manifest with Description' };

export const keyObjectDescription: ManifestCode = { value: '113012', scheme: 'DCM', meaning: 'Key Object Description' };

/** Titles by which IOCM takes images away (CID 7011, IHE RAD TF-3 4.66). */
export const rejectionTitles: Readonly<Record<string, string>> = {
  113001: 'Rejected for Quality Reasons',
  113037: 'Rejected for Patient Safety Reasons',
  113038: 'Incorrect Modality Worklist Entry',
  113039: 'Data Retention Policy Expired',
};

export function isRejectionTitle(title: ManifestCode): boolean {
  return title.scheme === 'DCM' && title.value in rejectionTitles;
}

/** An ANS validator sample has a filler where the code should be; its meaning still says what it is. */
export function isManifestTitle(title: ManifestCode): boolean {
  return (
    (title.value === manifestTitle.value && title.scheme === manifestTitle.scheme) ||
    (title.value === madoTitle.value && title.scheme === madoTitle.scheme) ||
    title.meaning.toUpperCase() === manifestTitle.meaning
  );
}

const storage = '1.2.840.10008.5.1.4.1.1.';
/** Presentation states (PS3.4 B.5): grayscale, colour, blending, advanced, planar and volume rendering. */
const presentationStates = /^11\.\d+$/;
const waveforms = /^9\./;
/** Storage classes with pixel data, by the end of their UID. */
const images =
  /^(1|1\.[1-3](\.1)?|2|2\.[12]|3|3\.1|4|4\.[134]|5|6|6\.[123]|7|7\.[1-4]|12\.[1-3](\.1)?|13\.1\.[1-5]|14\.[12]|20|30|66\.[47]|77\.1\.[1-6](\.[1-8])?|128|128\.1|130|481\.[12]|501\.\d(\.\d)?)$/;

export function isPresentationState(sopClassUid: string): boolean {
  return sopClassUid.startsWith(storage) && presentationStates.test(sopClassUid.slice(storage.length));
}

/** Value type of the content item that refers to an object of this class (PS3.3 C.18.3 to C.18.5, TID 2010). */
export function referenceValueType(sopClassUid: string): 'IMAGE' | 'WAVEFORM' | 'COMPOSITE' {
  if (!sopClassUid.startsWith(storage)) return 'COMPOSITE';
  const end = sopClassUid.slice(storage.length);
  if (images.test(end)) return 'IMAGE';
  return waveforms.test(end) ? 'WAVEFORM' : 'COMPOSITE';
}
