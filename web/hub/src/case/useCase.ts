import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, Problem } from "../api/client";
import { listen } from "../api/events";
import type { Calibration, Disagreement, FrameReading, Report, Result, Study } from "@fada/shared/api/types";

/** One picture of the study: a frame of an instance, with what was read in it. */
export interface Frame {
  seriesUid: string;
  sopUid: string;
  frame: number;
  width: number;
  height: number;
  calibration: Calibration | null;
  reading: FrameReading | null;
}

export interface CaseData {
  study: Study | null;
  /** The version on the screen; null while there is none. */
  result: Result | null;
  disagreement: Disagreement | null;
  failure: unknown;
  /** The phase that the hub works on. */
  progress: string;
  /** A newer version than the one on the screen, made by somebody else. */
  newer: number | null;
  /** The version that a change is based on: the one on the screen, or, where an older one is taken up
   * again, the latest. Null while an old version is only looked at. */
  base: number | null;
  show(version: number | "latest", base?: number): Promise<Result | null>;
  reload(): Promise<void>;
}

export function useCase(id: string): CaseData {
  const [study, setStudy] = useState<Study | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const [disagreement, setDisagreement] = useState<Disagreement | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [progress, setProgress] = useState("");
  const [newer, setNewer] = useState<number | null>(null);
  const [base, setBase] = useState<number | null>(null);
  const shown = useRef(0), known = useRef(0); // the version on the screen, the highest heard of

  const show = useCallback(async (version: number | "latest", on?: number): Promise<Result | null> => {
    try {
      const found = await get<Result>(`/api/studies/${id}/results/${version}`);
      shown.current = found.version;
      known.current = Math.max(known.current, found.version);
      setBase(on ?? (version === "latest" || found.version >= known.current ? found.version : null));
      setResult(found);
      setNewer(null);
      return found;
    } catch (reason) {
      if (!(reason instanceof Problem && reason.status === 404)) setFailure(reason);
      return null;
    }
  }, [id]);

  const reload = useCallback(async (): Promise<void> => {
    const [fresh] = await Promise.allSettled([get<Study>(`/api/studies/${id}`), show("latest")]);
    if (fresh.status === "rejected") return setFailure(fresh.reason);
    setFailure(null);
    setStudy(fresh.value);
    known.current = Math.max(known.current, fresh.value.latest_version);
    const origins = new Set(fresh.value.results.map((r) => r.origin));
    if (origins.has("phone") && origins.has("hub")) {
      get<Disagreement>(`/api/studies/${id}/disagreement`).then(setDisagreement, () => setDisagreement(null));
    }
  }, [id, show]);

  useEffect(() => {
    void reload();
    // Only what happens from now on: the present state has just been asked for.
    const stop = listen(null, (event) => {
      if (event.study_id !== id) return;
      if (event.type === "study.progress") setProgress(String(event.payload["phase"] ?? ""));
      else if (shown.current === 0) void reload();
      else void get<Study>(`/api/studies/${id}`).then((fresh) => {
        setStudy(fresh);
        known.current = Math.max(known.current, fresh.latest_version);
        if (fresh.latest_version > shown.current) setNewer(fresh.latest_version);
      }, () => undefined);
    }, (up) => { if (up && shown.current === 0) void reload(); }, id);
    return stop;
  }, [id, reload]);

  return { study, result, disagreement, failure, progress, newer, base, show, reload };
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

/** The frame that speaks for the study: in scope, most measurements, most confident plane. */
export function bestFrame(frames: Frame[]): number {
  const rank = (f: Frame): number =>
    f.reading?.in_scope && f.reading.plane ? 1 + f.reading.measurements.length * 10 + f.reading.plane.confidence : f.reading ? 0.5 : 0;
  return frames.reduce((best, frame, index) => (rank(frame) > rank(frames[best]!) ? index : best), 0);
}

export const picture = (study: Study, frame: Frame): string =>
  `/dicomweb/studies/${study.study_uid}/series/${frame.seriesUid}/instances/${frame.sopUid}/frames/${frame.frame}/rendered`;
