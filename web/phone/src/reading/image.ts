/** From a picture to the square that every release sees: the hub's own resize (services/reading/images/picture.py),
 * a separable triangle filter in doubles, rounded half up once. */

import { MAX_PIXELS } from "../dicom/samples";
import { Unreadable } from "../dicom/unreadable";

export interface Gray { width: number; height: number; pixels: Uint8Array }

/** Decode a PNG or JPEG as grey, upright as its camera says, without the colour management that would change its
 * values. @throws Unreadable. */
export async function decode(picture: Blob): Promise<Gray> {
  const bitmap = await createImageBitmap(picture, { colorSpaceConversion: "none", premultiplyAlpha: "none" })
    .catch(() => { throw new Unreadable("unreadable_picture"); });
  const { width, height } = bitmap;
  if (width * height > MAX_PIXELS) throw new Unreadable("too_large");
  const canvas = new OffscreenCanvas(width, height);
  const context = canvas.getContext("2d", { willReadFrequently: true, colorSpace: "srgb" })!;
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  const { data } = context.getImageData(0, 0, width, height);
  const pixels = new Uint8Array(width * height);
  for (let i = 0, j = 0; i < pixels.length; i++, j += 4) {
    pixels[i] = Math.floor((data[j]! * 299 + data[j + 1]! * 587 + data[j + 2]! * 114 + 500) / 1000);
  }
  return { width, height, pixels };
}

interface Taps { from: Int32Array; weights: Float64Array[] }

function taps(source: number, target: number): Taps {
  const scale = source / target, support = Math.max(scale, 1);
  const from = new Int32Array(target), weights: Float64Array[] = [];
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    const first = Math.max(0, Math.floor(centre - support - 0.5)), last = Math.min(source - 1, Math.ceil(centre + support - 0.5));
    const row = new Float64Array(last - first + 1);
    let sum = 0;
    for (let j = first; j <= last; j++) sum += row[j - first] = Math.max(0, 1 - Math.abs(j + 0.5 - centre) / support);
    from[i] = first;
    weights.push(row.map((w) => w / sum));
  }
  return { from, weights };
}

/** The image at another size (pixels), by a separable triangle filter. */
export function resize(image: Gray, height: number, width: number): Gray {
  const rows = taps(image.height, height), columns = taps(image.width, width);
  const middle = new Float64Array(height * image.width);
  for (let y = 0; y < height; y++) {
    rows.weights[y]!.forEach((weight, k) => {
      const source = (rows.from[y]! + k) * image.width;
      for (let x = 0; x < image.width; x++) middle[y * image.width + x]! += weight * image.pixels[source + x]!;
    });
  }
  const pixels = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * image.width + columns.from[x]!;
      let sum = 0;
      columns.weights[x]!.forEach((weight, k) => { sum += weight * middle[at + k]!; });
      pixels[y * width + x] = Math.floor(sum + 0.5);
    }
  }
  return { width, height, pixels };
}

/** A grey picture, or an RGB one of the same size, as PNG: for the text model and for the screen. */
export async function png(image: Gray, rgb: Uint8Array | null = null): Promise<Blob> {
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d")!;
  const { data } = context.createImageData(image.width, image.height);
  for (let i = 0, j = 0; i < image.pixels.length; i++, j += 4) {
    for (let c = 0; c < 3; c++) data[j + c] = rgb ? rgb[i * 3 + c]! : image.pixels[i]!;
    data[j + 3] = 255;
  }
  context.putImageData(new ImageData(data, image.width, image.height), 0, 0);
  return canvas.convertToBlob({ type: "image/png" });
}
