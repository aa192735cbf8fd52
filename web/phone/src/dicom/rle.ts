import { Unreadable } from "./unreadable";

/** One frame of RLE Lossless (PS3.5 annex G): `planes` byte planes of `size` bytes, the most significant byte of
 * each sample first. Nothing larger than the header says is ever allocated. */
export function unpackRle(frame: Uint8Array, planes: number, size: number): Uint8Array[] {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  if (frame.byteLength < 64 || view.getUint32(0, true) !== planes) throw new Unreadable("invalid_dicom");
  const starts = Array.from({ length: planes }, (_, i) => view.getUint32(4 + 4 * i, true));
  return starts.map((start, i) => plane(frame, start, starts[i + 1] ?? frame.byteLength, size));
}

function plane(frame: Uint8Array, start: number, end: number, size: number): Uint8Array {
  const out = new Uint8Array(size);
  let at = start, to = 0;
  while (at < Math.min(end, frame.byteLength) && to < size) {
    const head = frame[at++]!;
    if (head === 128) continue;
    if (head < 128) {
      const run = frame.subarray(at, at + head + 1);
      out.set(run.subarray(0, size - to), to);
      at += head + 1;
      to += run.length;
    } else {
      out.fill(frame[at++] ?? 0, to, Math.min(size, to + 257 - head));
      to += 257 - head;
    }
  }
  if (to < size) throw new Unreadable("invalid_dicom");
  return out;
}
