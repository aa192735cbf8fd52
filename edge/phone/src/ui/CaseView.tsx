import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Report } from "@hub/api/types";
import { Figures, size } from "@hub/case/Figures";
import { Confidence, Interpretation } from "@hub/case/Interpretation";
import { percent } from "@hub/case/Structures";
import { code, t } from "@hub/i18n";
import { colour } from "@hub/viewer/colours";
import { type Point, distance } from "@hub/viewer/geometry";
import { type Drawing, Viewer } from "@hub/viewer/Viewer";
import type { Phase } from "../reading/reader";
import type { Case, Outbox } from "../store/cases";

interface Props {
  outbox: Outbox;
  found: Case;
  phase: Phase | "starting" | null;
  problem: string;
  close: () => void;
  read: ((pixelMm: [number, number] | null) => void) | null;
}

/** One case on the phone: the phone's reading, the hub's beside it when it has come, and the scale. */
export function CaseView({ outbox, found, phase, problem, close, read }: Props): JSX.Element {
  const [url, setUrl] = useState("");
  const [own, setOwn] = useState<Report | null>(null);
  const [hub, setHub] = useState<Report | null>(null);
  const [whose, setWhose] = useState<"phone" | "hub">(found.hub ? "hub" : "phone");
  const [original, setOriginal] = useState(false);
  const [bar, setBar] = useState<[Point, Point] | null>(null);
  const [scaling, setScaling] = useState(false);
  const [mm, setMm] = useState("10");
  const [pixels, setPixels] = useState<[number, number]>([1, 1]);

  useEffect(() => {
    let made = "";
    void outbox.picture(found.pictures[0]!).then(async (blob) => {
      const bitmap = await createImageBitmap(blob);
      setPixels([bitmap.width, bitmap.height]);
      bitmap.close();
      made = URL.createObjectURL(blob);
      setUrl(made);
    });
    void outbox.report(found).then(setOwn);
    void outbox.hub(found).then(setHub);
    return () => URL.revokeObjectURL(made);
  }, []); // a case that changed is shown anew (see its key)

  const report = whose === "hub" && hub ? hub : own;
  const reading = report?.frames[0] ?? null;
  const [width, height] = reading ? [reading.width, reading.height] : pixels;
  const drawing: Drawing | undefined = scaling ? {
    cursor: "crosshair",
    down: (at) => setBar([at, at]),
    move: (at, event) => { if (event.buttons > 0 || event.pointerType === "touch") setBar((was) => was && [was[0], at]); },
    up: (at) => setBar((was) => was && [was[0], at]),
  } : undefined;
  const scale = (): void => {
    const length = bar ? distance(bar[0], bar[1]) : 0;
    const size = Number(mm) / length;
    setScaling(false);
    if (length > 2 && Number.isFinite(size) && size > 0) read?.([size, size]);
  };
  const label = report?.reviewed_by ? t("label.reviewed", { who: report.reviewed_by }) : t("label.unreviewed");
  return (
    <main class="field-page field-case">
      <div class="field-head">
        <button type="button" onClick={close}>← {t("phone.cases")}</button>
        <h1>{t("phone.case", { n: found.n })}</h1>
        <span class="state">{t(`phone.state_${found.state}`)}</span>
      </div>
      {problem && <p class="note warn" role="alert">{problem}</p>}
      {phase !== null && <p class="note" role="status">{t(`phone.phase_${phase}`)}</p>}
      <div class="reading-room">
        {url && <Viewer src={url} alt={t("phone.case", { n: found.n })} width={width} height={height} opacity={0.2} original={original || scaling}
          shapes={(reading?.structures ?? []).map((s, i, all) => ({
            id: s.label, colour: colour(i), polygon: s.polygon, box: s.box,
            title: all.length > 3 ? code("structure", s.label) : `${code("structure", s.label)} ${percent(s.confidence)}`,
          }))}
          lines={(reading?.measurements ?? []).filter((m) => m.name !== "HC").map((m) => ({ id: m.name, title: `${m.name} ${size(m)}`, points: m.points }))}
          brightness={1} contrast={1} label={label} drawing={drawing}
          words={{ larger: t("zoom.larger"), smaller: t("zoom.smaller"), whole: t("zoom.whole"), failed: t("frame.failed") }} />}
        {scaling && bar && <p class="scale-words">{t("phone.bar_length", { n: distance(bar[0], bar[1]).toFixed(0) })}</p>}
        <div class="picture-bar">
          <button type="button" aria-pressed={original} onClick={() => setOriginal(!original)}>{t("frame.original")}</button>
          {read && !scaling && <button type="button" onClick={() => { setBar(null); setScaling(true); }}>{t("phone.scale")}</button>}
          {scaling && <>
            <label>{t("phone.bar_mm")}<input type="number" min="1" max="300" step="any" value={mm} onInput={(e) => setMm(e.currentTarget.value)} /></label>
            <button type="button" disabled={!bar} onClick={scale}>{t("phone.use_scale")}</button>
            <button type="button" onClick={() => setScaling(false)}>{t("cancel")}</button>
          </>}
        </div>
        {scaling && <p class="scale-words">{t("phone.scale_hint")}</p>}
      </div>
      {hub && own && (
        <div class="whose" role="group" aria-label={t("provenance.where")}>
          {(["phone", "hub"] as const).map((w) => <button key={w} type="button" aria-pressed={whose === w} onClick={() => setWhose(w)}>{t(`phone.whose_${w}`)}</button>)}
        </div>
      )}
      {report && reading && <>
        <Figures measured={{ measurements: reading.measurements, datings: reading.datings, centiles: reading.centiles, byHand: false }} reading={reading}
          lastPeriod={null} periodDays={null} scanDay={report.created_at.slice(0, 10)} />
        <Confidence reading={reading} plane={reading.plane?.label ?? null} />
        <Interpretation texts={reading.interpretation} reading={reading} byModel change={null} />
        <p class="muted small">{report.release.name} {report.release.version} · <span class="hash">{report.release.sha256.slice(0, 16)}…</span> · {Object.entries(report.seconds).map(([name, s]) => `${name} ${s.toFixed(1)} s`).join(", ")}</p>
      </>}
      {!report && read && phase === null && <p><button type="button" class="main" onClick={() => read(found.pixelMm)}>{t("phone.read")}</button></p>}
    </main>
  );
}
