/** Shapes shared by the cornerstone codecs. Buffers returned by them are views of WebAssembly memory: copy before the next call. */
export interface CodecFrameInfo {
  width: number;
  height: number;
  bitsPerSample: number;
  componentCount: number;
  isSigned?: boolean;
  isUsingColorTransform?: boolean;
}
export interface CodecDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): CodecFrameInfo;
  delete(): void;
}
export interface CharlsEncoder {
  getDecodedBuffer(info: CodecFrameInfo): Uint8Array;
  setNearLossless(error: number): void;
  setInterleaveMode(mode: 0 | 1 | 2): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}
export type CodecFactory<M> = (options: { print(text: string): void; printErr(text: string): void }) => Promise<M>;
export interface CharlsModule {
  JpegLSDecoder: new () => CodecDecoder & { getInterleaveMode(): number };
  JpegLSEncoder: new () => CharlsEncoder;
}
export interface J2kEncoder {
  getDecodedBuffer(info: Required<Omit<CodecFrameInfo, 'isUsingColorTransform'>>): Uint8Array;
  setDecompositions(count: number): void;
  /** Reversible or not, and how many layers; each layer needs its compression ratio. */
  setQuality(lossless: boolean, layers: number): void;
  setCompressionRatio(layer: number, ratio: number): void;
  /** 0 LRCP, 1 RLCP, 2 RPCL, 3 PCRL, 4 CPRL. */
  setProgressionOrder(order: number): void;
  encode(): void;
  getEncodedBuffer(): Uint8Array;
  delete(): void;
}
export interface OpenJpegModule {
  J2KDecoder: new () => CodecDecoder;
  J2KEncoder: new () => J2kEncoder;
}
export interface OpenJphModule {
  HTJ2KDecoder: new () => CodecDecoder;
}
