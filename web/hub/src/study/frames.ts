import type { Calibration, FrameReading, Report, Study } from "@fada/shared/api/types";

/** One frame of an image of the study, with what was read in it. */
export interface Frame {
  seriesUid: string;
  sopUid: string;
  frame: number;
  width: number;
  height: number;
  calibration: Calibration | null;
  reading: FrameReading | null;
  /** The image is not here: what is shown is a small copy, never measured on. */
  preview?: boolean;
}

/** One image or clip: the places of its frames among all frames, and the one that speaks for it. */
export interface Picture { sopUid: string; first: number; count: number; best: number }

/** All frames of the study in order, with the readings of `report` where there are any. */
export function framesOf(study: Study, report: Report | null): Frame[] {
  const readings = new Map(report?.frames.map((f) => [`${f.sop_uid}/${f.frame}`, f]));
  const images = study.instances_list.filter((i) => i.frames > 0 && i.rows > 0).flatMap((i) =>
    Array.from({ length: i.frames }, (_, n) => ({
      seriesUid: i.series_uid, sopUid: i.sop_uid, frame: n + 1, width: i.columns, height: i.rows,
      calibration: i.calibration, reading: readings.get(`${i.sop_uid}/${n + 1}`) ?? null,
    })));
  const here = new Set(study.instances_list.map((i) => i.sop_uid));
  const previews = (study.previews ?? []).flatMap((one) => {
    const reading = here.has(one.sop_uid) ? undefined : readings.get(`${one.sop_uid}/${one.frame}`);
    return reading ? [{ seriesUid: reading.series_uid, sopUid: one.sop_uid, frame: one.frame, width: reading.width, height: reading.height, calibration: null, reading, preview: true }] : [];
  });
  return [...images, ...previews];
}

const rank = (f: Frame): number =>
  f.reading?.in_scope && f.reading.plane ? 1 + f.reading.measurements.length * 10 + f.reading.plane.confidence : f.reading ? 0.5 : 0;

/** The place of the frame that represents all: in scope, most measurements, most confident plane. */
export function bestFrame(frames: readonly Frame[]): number {
  return frames.reduce((best, frame, index) => (rank(frame) > rank(frames[best]!) ? index : best), 0);
}

/** The images of the study, each with its frames. */
export function picturesOf(frames: readonly Frame[]): Picture[] {
  const pictures: Picture[] = [];
  frames.forEach((frame, index) => {
    const last = pictures.at(-1);
    if (last?.sopUid === frame.sopUid) last.count++;
    else pictures.push({ sopUid: frame.sopUid, first: index, count: 1, best: index });
  });
  for (const one of pictures) one.best = one.first + bestFrame(frames.slice(one.first, one.first + one.count));
  return pictures;
}

const instanceUrl = (study: Study, frame: Frame): string =>
  `/dicomweb/studies/${study.study_uid}/series/${frame.seriesUid}/instances/${frame.sopUid}`;

/** Where the hub renders a frame as an image (DICOMweb). */
export const frameUrl = (study: Study, frame: Frame): string =>
  frame.preview ? `/api/studies/${study.id}/previews/${frame.sopUid}/${frame.frame}` : `${instanceUrl(study, frame)}/frames/${frame.frame}/rendered`;

/** The frame, small. */
export const thumbnailUrl = (study: Study, frame: Frame): string => (frame.preview ? frameUrl(study, frame) : `${frameUrl(study, frame)}?viewport=144,108&quality=70`);
