import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { code, t } from "@fada/shared/i18n";
import { Unreadable } from "../dicom/unreadable";
import { type Phase, Reader } from "../reading/reader";
import { identify } from "../reading/imageFile";
import type { Picture } from "../case/picture";
import { type Case, type CaseStore, StorageFull, type CapturedFile, UNSENT, studyOf } from "../store/cases";
import type { Release } from "../reading/manifest";
import { ReleaseRefused, activeRelease, updateRelease } from "../sync/releases";
import { HubClient, type Identity, HubError } from "../sync/hubClient";
import { sync } from "../sync/sync";
import { CaseView } from "./CaseView";
import { AddFiles } from "./AddFiles";

const EVERY = 20_000;
const size = (bytes: number): string => (bytes < 1e9 ? `${(bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0)} MB` : `${(bytes / 1e9).toFixed(1)} GB`);

interface Props { store: CaseStore; who: Identity }

/** The cases of this phone with their state in words; taking, reading and sending. */
export function Home({ store: given, who }: Props): JSX.Element {
  const store = useMemo(() => given, []);
  const hub = useMemo(() => new HubClient(who), [who]);
  const [cases, setCases] = useState<Case[]>([]);
  const [reader, setReader] = useState<Reader | null>(null);
  const [part, setPart] = useState<number | null>(null);
  const [phase, setPhase] = useState<{ name: Phase | "starting"; note: string } | null>(null);
  const [problem, setProblem] = useState("");
  const [notice, setNotice] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const [urgent, setUrgent] = useState(false);
  const [online, setOnline] = useState(navigator.onLine);
  const [space, setSpace] = useState({ used: 0, quota: 0 });

  const refresh = useCallback(async (): Promise<void> => {
    setCases(await store.all());
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    setSpace({ used: usage, quota });
  }, [store]);
  const say = (reason: unknown): void => {
    const word = reason instanceof HubError || reason instanceof Unreadable ? reason.code : reason instanceof ReleaseRefused ? reason.message : "internal";
    console.warn(word, reason instanceof Error ? reason.name : ""); // a code, no patient data
    setProblem(reason instanceof StorageFull ? t("phone.full") : code("problem", word));
  };

  const start = useCallback(async (release: Release): Promise<void> => {
    setPhase({ name: "starting", note: "" });
    try {
      const next = await Reader.load(release);
      setReader((old) => {
        void old?.close();
        return next;
      });
    } finally {
      setPhase(null);
    }
  }, []);
  const fetchRelease = useCallback(async (): Promise<void> => {
    try {
      const fresh = await updateRelease(hub, who, setPart, start);
      setPart(null);
      if (fresh) setProblem("");
    } catch (reason) {
      setPart(null);
      if (!(reason instanceof HubError && reason.status === 0)) say(reason);
    }
  }, [hub, who, start]);

  const send = useCallback(async (loud = false): Promise<void> => {
    setSending(true);
    try {
      await sync(store, hub, () => void refresh());
      setProblem("");
    } catch (reason) {
      if (loud || !(reason instanceof HubError && reason.status === 0)) say(reason);
    }
    setSending(false);
    void refresh();
  }, [store, hub, refresh]);

  useEffect(() => {
    void store.sweep().then(refresh, say);
    void activeRelease(who).then(async (release) => {
      if (release) await start(release);
      if (!navigator.onLine) return; // no attempt, so nothing is frozen by one
      await fetchRelease();
      await send();
    }, say);
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

  const analyse = useCallback(async (id: string): Promise<void> => {
    const record = await store.get(id);
    if (!reader || !record) return;
    setPhase({ name: "load", note: "" });
    await refresh();
    try {
      const files = await Promise.all(record.pictures.map((p) => store.picture(p)));
      const { report, reads } = await reader.read(record, files, await store.report(record), (name, note) => setPhase({ name, note }));
      await store.analysed(record, report, reads);
      setProblem("");
    } catch (reason) {
      say(reason);
    }
    setPhase(null);
    await refresh();
    if (navigator.onLine) void send();
  }, [reader, store, refresh, send]);

  /** Files taken together are one case, as on the hub; those of an examination that is here join its case. */
  const take = async (files: File[], into?: Case): Promise<void> => {
    setNotice("");
    try {
      const taken: CapturedFile[] = [];
      for (const file of files) taken.push({ file, ...(await identify(file)) });
      const study = into ? "" : await studyOf(taken);
      const known = into ?? (study ? (await store.all()).find((c) => c.study === study) : undefined);
      const record = known ? await store.add(known.id, taken) ?? known : await store.capture(taken, urgent);
      setProblem("");
      setUrgent(false);
      if (known && !into) setNotice(t("phone.added_to", { n: known.n }));
      await refresh();
      setChosen(record.id);
      await analyse(record.id);
    } catch (reason) {
      say(reason);
    }
  };
  const remove = async (record: Case): Promise<void> => {
    const freed = await store.delete(record.id);
    setChosen(null);
    setNotice(t("phone.deleted", { n: record.n, size: size(freed) }));
    await refresh();
  };
  const reread = async (record: Case, change?: { sha256: string } & Partial<Pick<Picture, "pixelMm" | "frames">>): Promise<void> => {
    if (change) await store.revise(record.id, change.sha256, change);
    await analyse(record.id);
  };

  const busy = phase === null ? "" : `${t(`phone.phase_${phase.name}`)} ${phase.note}`;
  const open = cases.find((c) => c.id === chosen);
  if (open) {
    return <CaseView key={open.id} store={store} record={open} busy={busy} problem={problem || notice} close={() => { setChosen(null); setProblem(""); setNotice(""); }}
      remove={() => void remove(open)} add={(files) => void take(files, open)} read={reader && phase === null ? (change) => void reread(open, change) : null} />;
  }
  const unsent = cases.filter((c) => UNSENT.includes(c.state)).length;
  return (
    <main class="field-page">
      {problem && <p class="note warn" role="alert">{problem}</p>}
      {notice && <p class="note" role="status">{notice}</p>}
      <section class="take panel">
        <AddFiles big disabled={!reader || phase !== null} take={(files) => void take(files)} />
        <label class="check"><input type="checkbox" checked={urgent} onChange={(e) => setUrgent(e.currentTarget.checked)} />{t("reason.urgent")}</label>
        {part !== null && <p role="status">{t("phone.downloading")} <progress value={part} max={1} /></p>}
        {busy && <p role="status">{busy}</p>}
        <p class="muted small">{reader ? reader.id : t("phone.no_release")} · {t(online ? "phone.online" : "phone.offline")} · {t("phone.storage", { used: size(space.used), quota: size(space.quota) })}</p>
      </section>
      <div class="field-head">
        <h1>{t("phone.cases")}</h1>
        <button type="button" disabled={sending} onClick={() => void send(true)}>{sending ? t("phone.sending") : t("phone.send", { n: unsent })}</button>
      </div>
      {cases.length === 0 && <p class="nothing">{t("phone.none")}</p>}
      <ul class="field-cases">
        {cases.map((c) => (
          <li key={c.id}><button type="button" onClick={() => setChosen(c.id)}>
            <b>{t("phone.case", { n: c.n })}</b> <span class="muted">{t("phone.images", { n: c.pictures.length })}</span> {c.urgent && <span class="flag">{t("reason.urgent")}</span>}
            <span class={`state ${c.state === "reviewed" ? "reviewed" : c.state === "hub_analysed" ? "ready" : ""}`}>{t(`phone.state_${c.state}`)}</span>
            {c.problem && <small class="bad">{code("problem", c.problem)}</small>}
          </button></li>
        ))}
      </ul>
    </main>
  );
}
