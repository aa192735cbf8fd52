declare module "@cornerstonejs/codec-openjpeg/decodewasmjs" {
  const open: (options: object) => Promise<{ J2KDecoder: new () => never }>;
  export default open;
}
declare module "@cornerstonejs/codec-charls/decodewasmjs" {
  const open: (options: object) => Promise<{ JpegLSDecoder: new () => never }>;
  export default open;
}
declare module "@cornerstonejs/codec-openjph/wasmjs" {
  const open: (options: object) => Promise<{ HTJ2KDecoder: new () => never }>;
  export default open;
}
declare module "jpeg-lossless-decoder-js" {
  export class Decoder {
    decode(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array | Uint16Array | null;
  }
}
