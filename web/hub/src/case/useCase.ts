import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, Problem } from "../api/client";
import { listen } from "../api/events";
import type { Disagreement, Result, Study } from "@fada/shared/api/types";

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

/** A study with one version of its result, kept up to date by the hub's events. */
export function useCase(id: string): CaseData {
  const [study, setStudy] = useState<Study | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const [disagreement, setDisagreement] = useState<Disagreement | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [progress, setProgress] = useState("");
  const [newer, setNewer] = useState<number | null>(null);
  const [base, setBase] = useState<number | null>(null);
  const shown = useRef(0), known = useRef(0); // the version on the screen, the highest known

  const show = useCallback(async (version: number | "latest", on?: number): Promise<Result | null> => {
    try {
      const loaded = await get<Result>(`/api/studies/${id}/results/${version}`);
      shown.current = loaded.version;
      known.current = Math.max(known.current, loaded.version);
      setBase(on ?? (version === "latest" || loaded.version >= known.current ? loaded.version : null));
      setResult(loaded);
      setNewer(null);
      return loaded;
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
