export * from './dicom.types';
export { DICOM_REASONS, DicomRefusal } from './dicom-refusal';
export { transferSyntax, TRANSFER_SYNTAX, TRANSFER_SYNTAXES } from './transfer-syntaxes';
export {
  isKeyObjectSelection,
  isStorageSopClass,
  isStructuredReport,
  mayHoldPixelData,
  SOP_CLASS,
} from './sop-classes';
export {
  aeTitleFault,
  dicomDateFault,
  isDicomTime,
  isUid,
  uidFault,
  type AeTitleFault,
  type DateFault,
  type UidFault,
} from './validators';
export {
  dictionaryEntry,
  implicitVr,
  isPrivate,
  isPrivateCreator,
  tagKey,
  tagOf,
  tagText,
  type DictionaryEntry,
} from './dictionary';
export { encodeElement, encodeItem, encodeSequence, encodeText } from './element-encoder';
export { EXPLICIT_LITTLE, IMPLICIT_LITTLE, UNDEFINED_LENGTH } from './element-header';
export { DeflateStream, inflateDataSet, InflateStream } from './inflate';
export { HeadWalker, type HeadWalkerOptions, type WalkedElement } from './head-walker';
export { readDataSet, type ReadElement, type ReadOptions, type ReadResult } from './data-set-reader';
export { EndWatcher } from './end-watcher';
export { InsInserter, type InsInserterOptions } from './ins-inserter';
export {
  encodeFileMeta,
  IMPLEMENTATION_CLASS_UID,
  IMPLEMENTATION_VERSION_NAME,
  Part10Splitter,
  splitPart10,
  type FileMetaToEncode,
} from './file-meta';
export { textDecoder, type TextDecode } from './character-sets';
export { dicomJson, type DicomJsonOptions } from './dicom-json';
export { isLossyImage, type CompressedImage } from './image-loss';
export { readAttributes, type AttributesToRead, type AttributeValues } from './read-attributes';
export { framesOf, type Frames, type FramesToFind } from './frames';
export { nativeXml } from './native-xml';
