import type { JSX } from "preact";
import { useCallback, useEffect, useMemo, useRef, useState } from "preact/hooks";
import { code, t } from "@hub/i18n";
import { type Phase, Reader } from "../reading/reader";
import { type Case, type Outbox, StorageFull, UNSENT } from "../store/cases";
import { type Opened, ReleaseRefused, present, update } from "../store/releases";
import { Hub, type Identity, Refused } from "../sync/hub";
import { sync } from "../sync/sync";
import { CaseView } from "./CaseView";

const EVERY = 20_000;

interface Props { outbox: Outbox; who: Identity }

/** The cases of this phone with their state in words; taking, reading and sending. */
export function Home({ outbox: given, who }: Props): JSX.Element {
  const outbox = useMemo(() => given, []);
  const hub = useMemo(() => new Hub(who), [who]);
  const [cases, setCases] = useState<Case[]>([]);
  const [reader, setReader] = useState<Reader | null>(null);
  const [part, setPart] = useState<number | null>(null);
  const [phase, setPhase] = useState<Phase | "starting" | null>(null);
  const [problem, setProblem] = useState("");
  const [chosen, setChosen] = useState<string | null>(null);
  const [sending, setSending] = useState(false);
  const [urgent, setUrgent] = useState(false);
  const [online, setOnline] = useState(navigator.onLine);
  const [space, setSpace] = useState("");
  const camera = useRef<HTMLInputElement>(null);

  const refresh = useCallback(async (): Promise<void> => {
    setCases(await outbox.all());
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    setSpace(`${(usage / 1e6).toFixed(0)} / ${(quota / 1e6).toFixed(0)} MB`);
  }, [outbox]);
  const say = (reason: unknown): void => {
    console.warn(String(reason)); // ids and codes, no patient data
    setProblem(reason instanceof StorageFull ? t("phone.full")
      : code("problem", reason instanceof Refused ? reason.code : reason instanceof ReleaseRefused ? reason.message : "internal"));
  };

  const start = useCallback(async (release: Opened): Promise<void> => {
    setPhase("starting");
    try {
      setReader(await Reader.load(release));
    } finally {
      setPhase(null);
    }
  }, []);
  const fetchRelease = useCallback(async (): Promise<void> => {
    try {
      const fresh = await update(hub, who, setPart, start);
      setPart(null);
      if (fresh) setProblem("");
    } catch (reason) {
      setPart(null);
      if (!(reason instanceof Refused && reason.status === 0)) say(reason);
    }
  }, [hub, who, start]);

  const send = useCallback(async (loud = false): Promise<void> => {
    setSending(true);
    try {
      await sync(outbox, hub, () => void refresh());
      setProblem("");
    } catch (reason) {
      if (loud || !(reason instanceof Refused && reason.status === 0)) say(reason);
    }
    setSending(false);
    void refresh();
  }, [outbox, hub, refresh]);

  useEffect(() => {
    void refresh();
    void present(who).then(async (release) => {
      if (release) await start(release);
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

  const analyse = useCallback(async (found: Case): Promise<void> => {
    if (!reader) return;
    try {
      const pictures = await Promise.all(found.pictures.map((p) => outbox.picture(p)));
      await outbox.analysed(found.id, await reader.read(found, pictures, setPhase), found.pixelMm);
      setProblem("");
    } catch (reason) {
      say(reason);
    }
    setPhase(null);
    await refresh();
    if (navigator.onLine) void send();
  }, [reader, outbox, refresh, send]);

  const take = async (files: FileList | null): Promise<void> => {
    for (const file of [...(files ?? [])]) {
      try {
        const made = await outbox.capture(file, urgent);
        await refresh();
        setChosen(made.id);
        await analyse(made);
      } catch (reason) {
        say(reason);
      }
    }
    setUrgent(false);
  };

  const open = cases.find((c) => c.id === chosen);
  if (open) {
    return <CaseView key={`${open.id}/${open.version}/${open.hubVersion}/${open.state}`} outbox={outbox} found={open} phase={phase} problem={problem} close={() => setChosen(null)}
      read={reader ? (pixelMm) => void analyse({ ...open, pixelMm }) : null} />;
  }
  const unsent = cases.filter((c) => UNSENT.includes(c.state)).length;
  return (
    <main class="field-page">
      {problem && <p class="note warn" role="alert">{problem}</p>}
      <section class="take panel">
        <input ref={camera} class="hidden" type="file" accept="image/png,image/jpeg" multiple aria-label={t("phone.take")}
          onChange={(e) => { void take(e.currentTarget.files); e.currentTarget.value = ""; }} />
        <button type="button" class="main big" disabled={!reader || phase !== null} onClick={() => camera.current?.click()}>{t("phone.take")}</button>
        <label class="check"><input type="checkbox" checked={urgent} onChange={(e) => setUrgent(e.currentTarget.checked)} />{t("reason.urgent")}</label>
        {part !== null && <p role="status">{t("phone.downloading")} <progress value={part} max={1} /></p>}
        {phase !== null && <p role="status">{t(`phone.phase_${phase}`)}</p>}
        <p class="muted small">{reader ? reader.id : t("phone.no_release")} · {t(online ? "phone.online" : "phone.offline")} · {space}</p>
      </section>
      <div class="field-head">
        <h1>{t("phone.cases")}</h1>
        <button type="button" disabled={sending} onClick={() => void send(true)}>{sending ? t("phone.sending") : t("phone.send", { n: unsent })}</button>
      </div>
      {cases.length === 0 && <p class="nothing">{t("phone.none")}</p>}
      <ul class="field-cases">
        {cases.map((c) => (
          <li key={c.id}><button type="button" onClick={() => setChosen(c.id)}>
            <b>{t("phone.case", { n: c.n })}</b> {c.urgent && <span class="flag">{t("reason.urgent")}</span>}
            <span class={`state ${c.state === "reviewed" ? "reviewed" : c.state === "hub_analysed" ? "ready" : ""}`}>{t(`phone.state_${c.state}`)}</span>
            {c.problem && <small class="bad">{code("problem", c.problem)}</small>}
          </button></li>
        ))}
      </ul>
    </main>
  );
}
