import type { Calibration, FrameReading, Report, Study } from "@fada/shared/api/types";

/** One image of the study: a frame of an instance, with what was read in it. */
export interface Frame {
  seriesUid: string;
  sopUid: string;
  frame: number;
  width: number;
  height: number;
  calibration: Calibration | null;
  reading: FrameReading | null;
}

/** All pictures of the study in order, with the readings of `report` where there are any. */
export function framesOf(study: Study, report: Report | null): Frame[] {
  const readings = new Map(report?.frames.map((f) => [`${f.sop_uid}/${f.frame}`, f]));
  return study.instances_list.filter((i) => i.frames > 0 && i.rows > 0).flatMap((i) =>
    Array.from({ length: i.frames }, (_, n) => ({
      seriesUid: i.series_uid, sopUid: i.sop_uid, frame: n + 1, width: i.columns, height: i.rows,
      calibration: i.calibration, reading: readings.get(`${i.sop_uid}/${n + 1}`) ?? null,
    })));
}

/** The frame that represents the study: in scope, most measurements, most confident plane. */
export function bestFrame(frames: Frame[]): number {
  const rank = (f: Frame): number =>
    f.reading?.in_scope && f.reading.plane ? 1 + f.reading.measurements.length * 10 + f.reading.plane.confidence : f.reading ? 0.5 : 0;
  return frames.reduce((best, frame, index) => (rank(frame) > rank(frames[best]!) ? index : best), 0);
}

/** Where the hub renders a frame as an image (DICOMweb). */
export const frameUrl = (study: Study, frame: Frame): string =>
  `/dicomweb/studies/${study.study_uid}/series/${frame.seriesUid}/instances/${frame.sopUid}/frames/${frame.frame}/rendered`;
