/** The part of dcmjs (plain JavaScript) that the gateway, its sandbox and its tests use. */
declare module 'dcmjs' {
  interface DictionaryEntry {
    tag: string;
    vr: string;
    vm: string;
    name: string;
  }
  /** Data set by keyword, as dcmjs "naturalises" it. */
  type NaturalDataset = Record<string, unknown>;
  type DicomJsonModel = Record<string, { vr: string; Value?: unknown[] }>;
  class DicomDict {
    constructor(meta: DicomJsonModel);
    meta: DicomJsonModel;
    dict: DicomJsonModel;
    write(options?: Record<string, unknown>): ArrayBuffer;
  }
  export const data: {
    DicomMetaDictionary: {
      dictionary: Record<string, DictionaryEntry | undefined>;
      nameMap: Record<string, DictionaryEntry | undefined>;
      denaturalizeDataset(dataset: NaturalDataset): DicomJsonModel;
      naturalizeDataset(dataset: DicomJsonModel): NaturalDataset;
    };
    DicomMessage: { readFile(file: ArrayBuffer, options?: Record<string, unknown>): DicomDict };
    DicomDict: typeof DicomDict;
    datasetToDict(dataset: NaturalDataset): DicomDict;
  };
  export const log: { setLevel(level: string): void };
}
