export * from './dicomweb.types';
export { chooseFrameMediaType, chooseMetadataMediaType, parseAccept, type MetadataMediaType } from './wish-list';
export { chooseTransferSyntax, type ChoiceToMake } from './choose-transfer-syntax';
export { parseWadoPath } from './wado-path';
export { parseBearer, parseKosSopInstanceUid, type HeaderValue } from './request-headers';
