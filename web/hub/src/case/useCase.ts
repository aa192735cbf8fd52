import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get, Problem } from "../api/client";
import { listen } from "../api/events";
import type { Disagreement, Result, Study } from "@fada/shared/api/types";

/** `percent` of the whole reading. */
export interface Progress { phase: string; percent: number }

export interface CaseData {
  study: Study | null;
  /** The version on the screen; null while there is none. */
  result: Result | null;
  disagreement: Disagreement | null;
  failure: unknown;
  /** What the hub works on, and how far it is. */
  progress: Progress | null;
  /** A newer version than the one on the screen, made by somebody else. */
  newer: number | null;
  /** The version that a change is based on: the one on the screen, or, where an older one is taken up
   * again, the latest. Null while an old version is only looked at. */
  base: number | null;
  /** A second reader looks at the model's own version and sees nothing of the first reader's. */
  blind: boolean;
  readBlind(): Promise<void>;
  show(version: number | "latest", base?: number): Promise<Result | null>;
  reload(): Promise<void>;
}

/** A study, and the previews of images that the phone's report names and that are not here. */
async function load(id: string): Promise<Study> {
  const study = await get<Study>(`/api/studies/${id}`);
  if (!study.results.some((one) => one.origin === "phone")) return study;
  const previews = await get<{ items: { sop_uid: string; frame: number }[] }>(`/api/studies/${id}/previews`).catch(() => ({ items: [] }));
  return { ...study, previews: previews.items };
}

/** A study with one version of its result, kept up to date by the hub's events. */
export function useCase(id: string): CaseData {
  const [study, setStudy] = useState<Study | null>(null);
  const [result, setResult] = useState<Result | null>(null);
  const [disagreement, setDisagreement] = useState<Disagreement | null>(null);
  const [failure, setFailure] = useState<unknown>(null);
  const [progress, setProgress] = useState<Progress | null>(null);
  const [newer, setNewer] = useState<number | null>(null);
  const [base, setBase] = useState<number | null>(null);
  const [blind, setBlind] = useState(false);
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
    setBlind(false);
    const [fresh] = await Promise.allSettled([load(id), show("latest")]);
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
      if (event.type === "study.progress") setProgress({ phase: String(event.payload["phase"] ?? ""), percent: Number(event.payload["percent"] ?? 0) });
      else if (shown.current === 0) void reload();
      else void load(id).then((fresh) => {
        setStudy(fresh);
        known.current = Math.max(known.current, fresh.latest_version);
        if (fresh.latest_version > shown.current) setNewer(fresh.latest_version);
      }, () => undefined);
    }, (up) => { if (up && shown.current === 0) void reload(); }, id);
    return stop;
  }, [id, reload]);

  const readBlind = async (): Promise<void> => {
    const own = study?.results.filter((one) => one.origin !== "review").at(-1);
    if (!own) return;
    setBlind(true);
    await show(own.version, own.version);
  };
  return { study, result, disagreement, failure, progress, newer: blind ? null : newer, base, blind, readBlind, show, reload };
}
