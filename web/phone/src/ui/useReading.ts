import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Phase, Reader } from "../reading/reader";
import type { Release } from "../reading/manifest";
import type { Runs } from "../reading/vision/vision";
import type { Case, CaseStore } from "../store/cases";
import { activeRelease, updateRelease } from "../sync/releases";
import { type HubClient, HubError, type Identity } from "../sync/hubClient";

/** What is done with the model or a picture now. */
export interface Doing { name: Phase | "starting"; note: string; case: string }

export interface Reading {
  reader: Reader | null;
  /** What its vision graph runs on. */
  runs: Runs | null;
  /** How much of a release is here, 0 to 1; null while none is fetched. */
  part: number | null;
  doing: Doing | null;
  fetchRelease: () => Promise<void>;
  /** Ends the looking through a clip; null where none is looked through. */
  stopLooking: (() => void) | null;
  /** The release that is on the phone. */
  startRelease: () => Promise<void>;
}

interface Options {
  store: CaseStore;
  hub: HubClient;
  who: Identity;
  cases: readonly Case[];
  say: (reason: unknown) => void;
  /** After every case that was read, or could not be. */
  done: () => Promise<void>;
}

/** The model of this phone, and the cases that it reads by itself, one after the other, whatever is taken meanwhile. */
export function useReading({ store, hub, who, cases, say, done }: Options): Reading {
  const [reader, setReader] = useState<Reader | null>(null);
  const [runs, setRuns] = useState<Runs | null>(null);
  const [part, setPart] = useState<number | null>(null);
  const [doing, setDoing] = useState<Doing | null>(null);
  const reading = useRef(false);

  const start = useCallback(async (release: Release): Promise<void> => {
    setDoing({ name: "starting", note: "", case: "" });
    try {
      const next = await Reader.load(release);
      setReader((old) => {
        void old?.close();
        return next;
      });
      void next.tryFaster().then(() => setRuns(next.runs));
      setRuns(next.runs);
    } finally {
      setDoing(null);
    }
  }, []);
  const startRelease = useCallback(async (): Promise<void> => {
    const release = await activeRelease(who);
    if (release) await start(release);
  }, [who, start]);
  const fetchRelease = useCallback(async (): Promise<void> => {
    try {
      await updateRelease(hub, who, setPart, start);
    } catch (reason) {
      if (!(reason instanceof HubError && reason.status === 0)) say(reason);
    }
    setPart(null);
  }, [hub, who, start]);

  useEffect(() => {
    if (!reader || reading.current || doing) return;
    void (async () => {
      const next = await store.nextToRead();
      if (!next || reading.current) return;
      reading.current = true;
      try {
        await readOne(store, reader, next, (name, note) => setDoing({ name, note, case: next.id }));
      } catch (reason) {
        say(reason);
      }
      reading.current = false;
      await done();
      setDoing(null);
    })();
  }, [reader, doing, cases]);
  const stopLooking = reader && doing?.name === "choose" ? () => reader.stopLooking() : null;
  return { reader, runs, part, doing, fetchRelease, startRelease, stopLooking };
}

/** Reads one captured case; one that ended the app, or failed, too often is left to the hub. */
async function readOne(store: CaseStore, reader: Reader, waiting: Case, onPhase: (name: Phase, note: string) => void): Promise<void> {
  const record = await store.startReading(waiting.id);
  if (!record) return void await store.leaveToHub(waiting.id);
  onPhase("load", "");
  const files = await Promise.all(record.pictures.map((p) => store.picture(p)));
  const { report, reads } = await reader.read(record, files, await store.report(record), onPhase);
  await store.analysed(record, report, reads);
}
