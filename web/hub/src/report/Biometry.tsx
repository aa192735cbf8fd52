import type { JSX } from "preact";
import type { Centile, FrameReading } from "@fada/shared/api/types";
import { centileNumber, measurementInterval, measurementValue } from "@fada/shared/case/Measurements";
import { type Candidate, type ExaminationSummary, type MeasureSummary, scaledByHand } from "@fada/shared/examination/summary";
import { code, t } from "@fada/shared/i18n";

const ALWAYS = ["BPD", "HC", "AC", "FL"];
const OTHERS = 3;

/** `HC/AC 1.13`, `cephalic index 83 %`. */
export const ratioText = (name: string, value: number): string =>
  `${name === "CI" ? t("pdf.CI") : name} ${name === "HC/AC" ? value.toFixed(2) : `${value.toFixed(0)} %`}`;

/** A row for each measure: the value that counts, its interval, age by it, centile, and the images it rests on; then the
 * weight, and what the summary does not hold. */
export function Biometry({ summary, frames }: { summary: ExaminationSummary; frames: readonly FrameReading[] }): JSX.Element {
  const { weight } = summary, beside = besides(summary, frames);
  const missing = ALWAYS.filter((name) => !summary.measures.some((one) => one.measure === name) && !beside.some((one) => one.name === name));
  const charts = [...new Set(summary.measures.flatMap((one) => one.centile?.chart.split(" (")[0] ?? []))];
  const equations = [...new Set(summary.measures.flatMap((one) => one.dating?.equation.split(" (")[0] ?? []))];
  return (
    <>
      {(summary.measures.length > 0 || beside.length > 0) && <div class="scrolls"><table class="figures biometry">
        <thead><tr>
          <th scope="col">{t("pdf.measure")}</th><th scope="col">{t("pdf.value")} <small>{t("pdf.interval")}</small></th>
          <th scope="col">{t("pdf.age_by")}</th><th scope="col">{t("pdf.centile")}</th><th scope="col" class="of-images">{t("pdf.images")}</th>
        </tr></thead>
        <tbody>
          {summary.measures.map((one) => <Measure key={one.measure} one={one} />)}
          {weight && <tr>
            <th scope="row">EFW <small>{t("pdf.EFW")}</small></th>
            <td><b>{Math.round(weight.grams)} g</b> <small>{Math.round(weight.low_grams)} – {Math.round(weight.high_grams)} g ({t("pdf.two_sd")})</small></td>
            <td>–</td><td>{placed(weight.centile)}</td><td class="of-images" />
          </tr>}
          {beside.map((one) => <tr key={one.name}>
            <th scope="row">{one.name} <small>{code("pdf", one.name)}</small></th>
            <td><b>{measurementValue(one)}</b> <small>{measurementInterval(one)}</small></td><td>–</td><td>–</td><td class="of-images" />
          </tr>)}
        </tbody>
      </table></div>}
      <p class="small muted">{[charts.length > 0 && `${t("pdf.centile")}: ${charts.join(", ")}`, equations.length > 0 && `${t("pdf.age_by")}: ${equations.join(", ")}`].filter(Boolean).join(" · ")}</p>
      {summary.measures.some((m) => m.counted.some(scaledByHand)) && <p class="small"><b>{t("phone.exam_by_hand")}</b></p>}
      {missing.length > 0 && <p class="small">{t("summary.not_assessed", { list: missing.join(", ") })}</p>}
    </>
  );
}

const same = (a: Candidate, b: Candidate): boolean => a.sop_uid === b.sop_uid && a.frame === b.frame && a.mm === b.mm;

const placed = (one: Centile | null | undefined): JSX.Element =>
  (one ? <>{centileNumber(one)} <small>({one.z > 0 ? "+" : ""}{one.z.toFixed(1)} z)</small></> : <>–</>);

function Measure({ one }: { one: MeasureSummary }): JSX.Element {
  const known = one.mm_low !== null && one.mm_high !== null;
  const others = one.candidates.filter((each) => !one.counted.some((c) => same(c, each))).map((each) => each.mm.toFixed(1));
  return (
    <tr>
      <th scope="row">{one.measure} <small>{code("pdf", one.measure)}</small></th>
      <td><b>{one.mm.toFixed(1)} mm</b> {known && <small>{one.mm_low!.toFixed(1)} – {one.mm_high!.toFixed(1)} mm</small>}</td>
      <td class="age">{one.dating?.text ?? "–"}</td>
      <td>{placed(one.centile)}</td>
      <td class="of-images">
        {one.counted.map((each) => each.mm.toFixed(1)).join(" ")}{one.counted.some((each) => each.by_person) && ` ${t("pdf.by_hand")}`}
        {others.length > 0 && ` (${others.slice(0, OTHERS).join(" ")}${others.length > OTHERS ? " …" : ""})`}
      </td>
    </tr>
  );
}

/** What was measured in pixels alone, and what the summary does not hold, the first of each name. */
function besides(summary: ExaminationSummary, frames: readonly FrameReading[]): FrameReading["measurements"] {
  const byName = new Map<string, FrameReading["measurements"][number]>();
  for (const frame of frames) {
    for (const one of frame.measurements) {
      const held = summary.measures.some((each) => each.measure === one.name) || summary.unassigned.some((each) => each.measure === one.name);
      if (!held && !byName.has(one.name) && (one.mm !== null || frame.in_scope)) byName.set(one.name, one);
    }
  }
  return [...byName.values()];
}
