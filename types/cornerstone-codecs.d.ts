/** The WebAssembly codecs of cornerstone (plain JavaScript around C++): what the transcoding workers call. */
declare module '@cornerstonejs/codec-charls/wasmjs' {
  const factory: import('./cornerstone-codec-shapes').CodecFactory<import('./cornerstone-codec-shapes').CharlsModule>;
  export default factory;
}
declare module '@cornerstonejs/codec-openjpeg/wasmjs' {
  const factory: import('./cornerstone-codec-shapes').CodecFactory<import('./cornerstone-codec-shapes').OpenJpegModule>;
  export default factory;
}
declare module '@cornerstonejs/codec-openjph' {
  const factory: import('./cornerstone-codec-shapes').CodecFactory<import('./cornerstone-codec-shapes').OpenJphModule>;
  export default factory;
}
