import { useEffect, useRef, useState } from "preact/hooks";
import { call, Problem } from "../api/client";
import type { Facts, FactsVersion } from "../api/examination";

const SAVE_MS = 900;

export interface FactsDraft {
  values: Facts;
  author: string | null;
  authorName: string | null;
  at: string | null;
  state: "saved" | "waiting" | "saving" | "failed" | "conflict";
  failure: unknown;
  /** What somebody else saved meanwhile, while the two contradict. */
  theirs: FactsVersion | null;
  change: (some: Partial<Facts>) => void;
  /** Ends a conflict: takes what the other saved, or saves one's own above it. */
  resolve: (which: "theirs" | "mine") => void;
  retry: () => void;
}

/** What people say about the examination; a change is saved by itself, as a further version on top of the one that was
 * seen. When somebody else was first, both are shown and the reader decides: nothing is overwritten unseen. */
export function useFacts(study: string, stored: FactsVersion | undefined, saved: () => void, latest: () => Promise<FactsVersion | undefined>): FactsDraft | null {
  const [base, setBase] = useState(stored);
  const [mine, setMine] = useState<Facts | null>(null); // null: nothing that is not saved
  const [state, setState] = useState<FactsDraft["state"]>("saved");
  const [failure, setFailure] = useState<unknown>(null);
  const [theirs, setTheirs] = useState<FactsVersion | null>(null);
  const pending = useRef<Facts | null>(null);
  pending.current = mine;

  useEffect(() => { // a newer version of somebody else, while nothing is being written here
    if (stored && (!base || stored.version > base.version) && pending.current === null) setBase(stored);
  }, [stored]);

  const save = async (values: Facts, on: number): Promise<void> => {
    setState("saving");
    try {
      const made = await call<FactsVersion>("PUT", `/api/studies/${study}/facts`, { based_on: on, values });
      setBase(made);
      setFailure(null);
      if (pending.current === values) { // nothing was typed meanwhile
        setMine(null);
        setState("saved");
      } else setState("waiting");
      saved();
    } catch (reason) {
      if (reason instanceof Problem && reason.code === "stale_version") {
        setTheirs((await latest().catch(() => undefined)) ?? null);
        setState("conflict");
      } else {
        setFailure(reason);
        setState("failed");
      }
    }
  };

  useEffect(() => {
    if (mine === null || state !== "waiting" || !base) return;
    const timer = setTimeout(() => void save(mine, base.version), SAVE_MS);
    return () => clearTimeout(timer);
  }, [mine, state, base]);

  const flush = useRef<() => void>(() => undefined);
  flush.current = () => { if (mine !== null && base && (state === "waiting" || state === "failed")) void save(mine, base.version); };
  useEffect(() => () => flush.current(), []); // the page is left: what was typed is saved at once

  if (!base) return null;
  return {
    values: mine ?? base.values, author: base.author, authorName: base.author_name, at: base.at, state, failure, theirs,
    change: (some) => {
      setMine({ ...(mine ?? base.values), ...some });
      if (state !== "conflict") setState("waiting");
    },
    resolve: (which) => {
      if (!theirs) return;
      setBase(theirs);
      if (which === "theirs") setMine(null);
      setState(which === "theirs" ? "saved" : "waiting");
      setTheirs(null);
      saved();
    },
    retry: () => flush.current(),
  };
}
