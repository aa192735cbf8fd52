import { openDicom } from "../src/dicom/file";
import { candidates, choose, look } from "../src/reading/keyframes";

/** All that the phone knows of an object, with the given frames decoded. */
export async function read(file: Uint8Array, frames: number[]): Promise<unknown> {
  const found = await openDicom(file);
  const { studyUid, seriesUid, sopUid, count, calibration, decodable } = found;
  const pictures = [];
  for (const number of frames) pictures.push(await found.frame(number));
  return { studyUid, seriesUid, sopUid, count, calibration, decodable, pictures };
}

export async function keyFrames(file: Uint8Array, limit: number): Promise<number[]> {
  const found = await openDicom(file);
  const looks = [];
  for (const number of candidates(found.count)) {
    const { gray, width, height } = await found.frame(number);
    looks.push(look(number, gray, width, height));
  }
  return choose(looks, limit);
}
