import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { code, t, useSentence } from "@fada/shared/i18n";
import { Unreadable } from "../dicom/unreadable";
import { isoDay } from "../case/day";
import { hasLittleMemory, isOutOfMemory } from "../reading/device";
import { identify } from "../reading/imageFile";
import { type Details, NO_DETAILS } from "../case/details";
import type { Picture } from "../case/picture";
import { type Case, type CaseStore, StorageFull, type CapturedFile, isUnsent, studyOf } from "../store/cases";
import { ReleaseRefused } from "../sync/releases";
import { takeScanned } from "../sync/given";
import { HubClient, type Identity, HubError } from "../sync/hubClient";
import { CaseList } from "./case/CaseList";
import { CaseView } from "./case/CaseView";
import { AddFiles } from "./AddFiles";
import { DetailsForm } from "./case/DetailsForm";
import { CarryPanel } from "./panels/CarryPanel";
import { GivenPanel } from "./panels/GivenPanel";
import { LinkPanel } from "./panels/LinkPanel";
import { TrainingPanel } from "./panels/TrainingPanel";
import { useReading } from "./useReading";
import { useSync } from "./useSync";

/** Settings of a QR code that opened this page: whether they were taken; null without any. */
async function scannedSettings(who: Identity): Promise<boolean | null> {
  const text = new URLSearchParams(location.hash.slice(1)).get("settings");
  if (text === null) return null;
  history.replaceState({}, "", "/field/");
  return takeScanned(text, who);
}

const EVERY = 20_000;
const size = (bytes: number): string => (bytes < 1e5 ? `${Math.ceil(bytes / 1e3)} kB` : bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

interface Props { store: CaseStore; who: Identity }

/** The cases of this phone with their state in words; taking, reading and sending, none of which waits for another. */
export function Home({ store: given, who }: Props): JSX.Element {
  const store = useMemo(() => given, []);
  const hub = useMemo(() => new HubClient(who), [who]);
  const [cases, setCases] = useState<Case[]>([]);
  const [problem, setProblem] = useSentence();
  const [notice, setNotice] = useSentence();
  const [chosen, setChosen] = useState<string | null>(null);
  const [details, setDetails] = useState<Details>(NO_DETAILS);
  const [urgent, setUrgent] = useState(false);
  const [online, setOnline] = useState(navigator.onLine);
  const [space, setSpace] = useState({ used: 0, quota: 0 });

  const refresh = useCallback(async (): Promise<void> => {
    setCases(await store.all());
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    setSpace({ used: usage, quota });
  }, [store]);
  const say = useCallback((reason: unknown): void => {
    const word = reason instanceof HubError || reason instanceof Unreadable ? reason.code : reason instanceof ReleaseRefused ? reason.message : isOutOfMemory(reason) ? "out_of_memory" : "internal";
    console.warn(word, reason instanceof Error ? reason.name : ""); // a code, no patient data
    setProblem(() => reason instanceof StorageFull ? t("phone.full") : code("problem", word));
  }, []);
  const { sending, send } = useSync(store, hub, refresh, say, () => setProblem(null));
  const done = useCallback(async (): Promise<void> => {
    await refresh();
    if (navigator.onLine) void send();
  }, [refresh, send]);
  const { reader, runs, part, doing, fetchRelease, startRelease, stopLooking } = useReading({ store, hub, who, cases, say, done });

  useEffect(() => {
    const scanned = (): void => void scannedSettings(who).then((taken) => {
      if (taken === null) return;
      if (taken) setNotice(() => t("given.taken"));
      else setProblem(() => t("given.refused"));
      void refresh();
    });
    scanned();
    addEventListener("hashchange", scanned);
    return () => removeEventListener("hashchange", scanned);
  }, []);
  useEffect(() => {
    void store.sweep().then(refresh, say);
    void startRelease().catch(say).then(async () => {
      if (!navigator.onLine) return; // no attempt, so nothing is frozen by one
      await fetchRelease();
      await send();
    });
    const back = (): void => { setOnline(true); void fetchRelease().then(() => send()); };
    const gone = (): void => setOnline(false);
    addEventListener("online", back);
    addEventListener("offline", gone);
    const timer = setInterval(() => { if (navigator.onLine) void send(); }, EVERY);
    return () => {
      removeEventListener("online", back);
      removeEventListener("offline", gone);
      clearInterval(timer);
    };
  }, []);

  /** Files taken together are one case, as on the hub; those of an examination that is here join its case. */
  const take = async (files: File[], into?: Case): Promise<void> => {
    setNotice(null);
    try {
      const taken: CapturedFile[] = [];
      for (const file of files) taken.push({ file, ...(await identify(file)) });
      const study = into ? "" : await studyOf(taken);
      const known = into ?? (study ? (await store.all()).find((c) => c.study === study && !c.training) : undefined);
      const record = known ? await store.add(known.id, taken) ?? known : await store.capture(taken, { urgent, details });
      setProblem(null);
      setUrgent(false);
      setDetails(NO_DETAILS); // the next woman's are not this one's
      if (known && !into) setNotice(() => t("phone.added_to", { n: known.n }));
      setChosen(record.id);
      await refresh();
    } catch (reason) {
      say(reason);
    }
  };
  const open = (id: string | null): void => { setProblem(null); setNotice(null); setChosen(id); };
  const remove = async (record: Case): Promise<void> => {
    const freed = await store.delete(record.id);
    setChosen(null);
    setNotice(() => t("phone.deleted", { n: record.n, size: size(freed) }));
    await refresh();
  };
  const revise = (record: Case, change: { sha256: string } & Partial<Pick<Picture, "pixelMm" | "frames">>): Promise<void> =>
    store.revise(record.id, change.sha256, change).then(refresh);

  const words = doing === null ? "" : `${t(`phone.phase_${doing.name}`)} ${doing.note}`;
  const shown = cases.find((c) => c.id === chosen);
  if (shown) {
    return <CaseView key={shown.id} store={store} record={shown} manifest={reader?.manifest ?? null} busy={doing && (doing.case === shown.id || !doing.case) ? words : ""} problem={problem || notice} stopLooking={doing?.case === shown.id ? stopLooking : null}
      close={() => open(null)} remove={() => void remove(shown)} add={(files) => void take(files, shown)}
      revise={(change) => void revise(shown, change)} describe={(next) => void store.describe(shown.id, next).then(done)} setFetus={(sopUid, letter) => void store.setFetus(shown.id, sopUid, letter).then(refresh)}
      sendAnyway={() => void store.sendAnyway(shown.id).then(() => send(true))} leaveToHub={reader ? null : () => void store.leaveToHub(shown.id).then(done)} seen={() => void store.seen(shown.id).then(refresh)} />;
  }
  const unsent = cases.filter(isUnsent).length;
  return (
    <main class="field-page">
      {problem && <p class="note warn" role="alert">{problem}</p>}
      {notice && <p class="note" role="status">{notice}</p>}
      {hasLittleMemory() ? <p class="note warn">{t("phone.little_memory")}</p> : reader?.lacksText && <p class="note warn">{t("phone.no_text_model")}</p>}
      <section class="take panel">
        <DetailsForm details={details} day={isoDay(new Date())} set={setDetails} />
        <label class="check"><input type="checkbox" checked={urgent} onChange={(e) => setUrgent(e.currentTarget.checked)} />{t("reason.urgent")}</label>
        <AddFiles big take={(files) => void take(files)} />
        {part !== null && <p role="status">{t("phone.downloading")} <progress value={part} max={1} /></p>}
        {words && <p role="status">{words}</p>}
        <p class="muted small"><span data-release={reader?.id ?? ""} data-runs={runs ? `${runs.on} ${runs.threads} ${runs.gpu}` : ""}>{reader ? reader.id : t(doing?.name === "starting" || part !== null ? "phone.release_comes" : "phone.no_release")}</span> · {t(online ? "phone.online" : "phone.offline")} · {t("phone.storage", { used: size(space.used), quota: size(space.quota) })}</p>
      </section>
      <div class="field-head">
        <h1>{t("phone.cases")}</h1>
        <button type="button" disabled={sending} onClick={() => void send(true)}>{sending ? t("phone.sending") : t("phone.send", { n: unsent })}</button>
      </div>
      <LinkPanel cases={cases} size={size} changed={() => void send()} />
      <GivenPanel version={cases} />
      <CarryPanel store={store} who={who} cases={cases} say={say} changed={() => void done()} />
      {cases.length === 0 && <p class="nothing">{t("phone.none")}</p>}
      <TrainingPanel store={store} opened={open} say={say} changed={refresh} />
      <CaseList store={store} cases={cases} open={open} />
    </main>
  );
}
