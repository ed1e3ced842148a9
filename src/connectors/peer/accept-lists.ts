/** What the Accept list aims at: the pixels as they were made, or less time. */
export type ImageNeed = 'lossless' | 'lossy';

type Wish = readonly [transferSyntaxUid: string, quality: string];

const videos: readonly Wish[] = ['100', '101', '102', '103'].map((leaf) => [`1.2.840.10008.1.2.4.${leaf}`, '0.5']);

/** The ten transfer syntaxes of the ANS examples with their weights: `OK_ExempleCISIS_TSLossless`, `…_TSLossy`. */
const wishes: Readonly<Record<ImageNeed, readonly Wish[]>> = {
  lossless: [
    ['1.2.840.10008.1.2.4.70', '0.9'],
    ['1.2.840.10008.1.2.4.80', '0.8'],
    ['1.2.840.10008.1.2.4.91', '0.6'],
    ['1.2.840.10008.1.2.4.50', '0.5'],
    ['1.2.840.10008.1.2.4.51', '0.5'],
    ...videos,
    ['1.2.840.10008.1.2.1', '0.4'],
  ],
  lossy: [
    ['1.2.840.10008.1.2.4.50', '0.9'],
    ['1.2.840.10008.1.2.4.51', '0.9'],
    ['1.2.840.10008.1.2.4.70', '0.6'],
    ['1.2.840.10008.1.2.4.80', '0.5'],
    ['1.2.840.10008.1.2.4.91', '0.5'],
    ...videos,
    ['1.2.840.10008.1.2.1', '0.4'],
  ],
};

/** Header `Accept` of a request to another gateway, as the national examples write it. */
export function acceptList(need: ImageNeed): string {
  return wishes[need]
    .map(([uid, q]) => `multipart/related; type="application/dicom";transfer-syntax=${uid};q=${q};boundary=**`)
    .join(',');
}
