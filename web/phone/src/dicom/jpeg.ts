import { Unreadable } from "./unreadable";

/** JPEG frames of a DICOM object, decoded by the browser after their own header was compared with the object's. */

interface Stream { rows: number; columns: number; jfif: boolean; ids: number[]; rest: Uint8Array[] }

/** The markers before the scan; APP0 and APP14, which tell the colours, are left out of `rest`. */
function read(bytes: Uint8Array): Stream | null {
  if (bytes[0] !== 0xff || bytes[1] !== 0xd8) return null;
  const stream: Stream = { rows: 0, columns: 0, jfif: false, ids: [], rest: [] };
  for (let at = 2; at + 9 <= bytes.length;) {
    if (bytes[at] !== 0xff) return null;
    const marker = bytes[at + 1]!;
    if (marker === 0xff) { at++; continue; }
    if (marker === 0x01 || (marker >= 0xd0 && marker <= 0xd8)) { at += 2; continue; }
    if (marker === 0xda) {
      stream.rest.push(bytes.subarray(at));
      return stream.rows > 0 ? stream : null;
    }
    const length = 2 + (bytes[at + 2]! << 8) + bytes[at + 3]!;
    const segment = bytes.subarray(at, at + length);
    if (marker === 0xe0 && String.fromCharCode(...segment.subarray(4, 8)) === "JFIF") stream.jfif = true;
    if (marker !== 0xe0 && marker !== 0xee) stream.rest.push(segment);
    if (marker === 0xc0 || marker === 0xc1 || marker === 0xc2) {
      stream.rows = (segment[5]! << 8) + segment[6]!;
      stream.columns = (segment[7]! << 8) + segment[8]!;
      stream.ids = Array.from({ length: segment[9] ?? 0 }, (_, i) => segment[10 + 3 * i]!);
    }
    at += length;
  }
  return null;
}

const RGB = "82,71,66 114,103,98".split(" ");

/** One frame as grey or RGB samples. The colours are the object's to tell, not the browser's to guess: the stream
 * gets the marker that says them. */
export async function unpackJpeg(bytes: Uint8Array, rows: number, columns: number, samples: number, photometric: string): Promise<Uint8Array> {
  const stream = read(bytes);
  if (!stream || stream.rows !== rows || stream.columns !== columns || stream.ids.length !== samples) throw new Unreadable("invalid_dicom");
  const plain = !stream.jfif && (photometric === "RGB" || RGB.includes(stream.ids.join()));
  const adobe = [0xff, 0xee, 0, 14, 0x41, 0x64, 0x6f, 0x62, 0x65, 0, 100, 0, 0, 0, 0, plain ? 0 : 1];
  const parts = [new Uint8Array([0xff, 0xd8, ...(samples === 3 ? adobe : [])]), ...stream.rest] as Uint8Array<ArrayBuffer>[];
  const bitmap = await createImageBitmap(new Blob(parts, { type: "image/jpeg" }), { colorSpaceConversion: "none", premultiplyAlpha: "none" })
    .catch(() => { throw new Unreadable("unread_here"); });
  const canvas = new OffscreenCanvas(columns, rows);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, columns, rows);
  const out = new Uint8Array(rows * columns * samples);
  for (let i = 0, j = 0; i < out.length; j += 4) for (let s = 0; s < samples; s++) out[i++] = data[j + s]!;
  return out;
}
