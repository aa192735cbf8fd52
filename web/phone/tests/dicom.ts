import { openDicom } from "../src/dicom/file";
import { candidates, choose, scoreFrame } from "../src/reading/clip/keyframes";

/** All that the phone knows of an object, with the given frames decoded. */
export async function read(file: Uint8Array, frames: number[]): Promise<unknown> {
  const dicom = await openDicom(file);
  const { studyUid, seriesUid, sopUid, count, calibration, decodable } = dicom;
  const pictures = [];
  for (const number of frames) pictures.push(await dicom.frame(number));
  return { studyUid, seriesUid, sopUid, count, calibration, decodable, pictures };
}

export async function keyFrames(file: Uint8Array, limit: number): Promise<number[]> {
  const dicom = await openDicom(file);
  const looks = [];
  for (const number of candidates(dicom.count)) {
    const { gray, width, height } = await dicom.frame(number);
    looks.push(scoreFrame(number, gray, width, height));
  }
  return choose(looks, limit);
}
