/** A picture as a JPEG of at most `side` pixels along each edge and at most `most` bytes: quality gives way first,
 * then size. @throws when the picture cannot be shown. */
export async function smallJpeg(picture: Blob, side: number, most: number): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  try {
    for (let edge = side; ; edge = Math.floor(edge * 0.75)) {
      const scale = Math.min(1, edge / Math.max(bitmap.width, bitmap.height));
      const canvas = new OffscreenCanvas(Math.max(1, Math.round(bitmap.width * scale)), Math.max(1, Math.round(bitmap.height * scale)));
      canvas.getContext("2d")!.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
      for (const quality of [0.8, 0.6, 0.4]) {
        const jpeg = await canvas.convertToBlob({ type: "image/jpeg", quality });
        if (jpeg.size <= most || edge < 48) return jpeg;
      }
    }
  } finally {
    bitmap.close();
  }
}
