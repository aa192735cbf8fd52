import type { JSX } from "preact";
import { useEffect, useId, useState } from "preact/hooks";
import type { ExaminationSummary } from "@fada/shared/examination/summary";
import { code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { get } from "../api/client";
import type { GrowthCurve, GrowthCurves } from "../api/examination";
import { formatDay } from "../shell/format";
import { type Point, valueText } from "./series";

const W = 440, H = 270, LEFT = 46, RIGHT = 30, TOP = 12, BOTTOM = 36;
const DRAWN = ["HC", "BPD", "OFD", "AC", "FL", "EFW"];
const CENTILES = ["p3", "p10", "p50", "p90", "p97"] as const;
const known = new Map<string, Promise<GrowthCurves>>();

/** The curves of a measure, asked for once. */
function curvesOf(measure: string): Promise<GrowthCurves> {
  const asked = known.get(measure) ?? get<GrowthCurves>(`/api/charts/${measure}`);
  known.set(measure, asked);
  asked.catch(() => known.delete(measure));
  return asked;
}

/** Every examination of this pregnancy on the chosen chart, one measure at a time. */
export function Growth({ summary, points }: { summary: ExaminationSummary; points: readonly Point[] }): JSX.Element {
  const id = useId();
  const taken = DRAWN.filter((name) => points.some((one) => name in one.values));
  const [measure, setMeasure] = useState(() => (taken.includes("EFW") ? "EFW" : taken[0] ?? "HC"));
  const [curves, setCurves] = useState<GrowthCurves | null>(null);
  useEffect(() => {
    let left = false;
    void curvesOf(measure).then((loaded) => { if (!left) setCurves(loaded); }, () => undefined);
    return () => { left = true; };
  }, [measure]);
  const curve = curves?.measure === measure ? curves.charts.find((one) => one.chart === summary.chart) : undefined;
  const seen = points.filter((one) => measure in one.values && one.gaDays !== null);
  const own = summary.dating?.scan_day;
  return (
    <section class="panel" aria-labelledby={id}>
      <div class="panel-head">
        <h2 id={id}>{t("growth.title")} <small>{code("measure", measure)}</small></h2>
        <div class="choices" role="group" aria-label={t("figures.what")}>
          {DRAWN.map((name) => <button key={name} type="button" class="small" aria-pressed={name === measure} title={code("measure", name)} onClick={() => setMeasure(name)}>{name}</button>)}
        </div>
      </div>
      {curve
        ? <Chart curve={curve} measure={measure} points={seen} own={own ?? null} />
        : curves?.measure === measure && <p class="muted">{t("growth.not_on_chart", { chart: summary.chart, measure })}</p>}
      <p class="muted small">
        {seen.length === 0 ? `${t("growth.nothing")}. ` : `${seen.map((one) => `${formatDay(one.day)}: ${valueText(measure, one.values[measure]!)}, ${weeksAndDays(one.gaDays!)}`).join(" · ")}. `}
        {curve && placedOn(curve, seen).some((one) => one.day === own) && t("growth.open_points")}
      </p>
    </section>
  );
}

/** Those whose age the chart holds: they are drawn. */
const placedOn = (curve: GrowthCurve, points: readonly Point[]): Point[] =>
  points.filter((one) => one.gaDays! / 7 >= curve.weeks[0]! && one.gaDays! / 7 <= curve.weeks.at(-1)!);

interface ChartProps { curve: GrowthCurve; measure: string; points: readonly Point[]; own: string | null }

/** The 3rd to the 97th centile with a point for each examination; open where the age comes from that very scan. */
function Chart({ curve, measure, points, own }: ChartProps): JSX.Element {
  const from = curve.weeks[0]!, to = curve.weeks.at(-1)!;
  const values = points.map((one) => one.values[measure]!);
  const low = Math.min(curve.p3[0]!, ...values) * 0.95, high = Math.max(curve.p97.at(-1)!, ...values) * 1.03;
  const sx = (weeks: number): number => LEFT + ((weeks - from) / (to - from)) * (W - LEFT - RIGHT);
  const sy = (value: number): number => H - BOTTOM - ((value - low) / (high - low)) * (H - TOP - BOTTOM);
  const line = (pairs: readonly (readonly [number, number])[]): string => pairs.map(([w, v], i) => `${i ? "L" : "M"}${sx(w).toFixed(1)} ${sy(v).toFixed(1)}`).join("");
  const step = [5, 10, 20, 50, 100, 200, 500, 1000].find((size) => (high - low) / size <= 8) ?? 1000;
  const rows = Array.from({ length: 20 }, (_, i) => (Math.ceil(low / step) + i) * step).filter((v) => v <= high);
  const columns = Array.from({ length: 8 }, (_, i) => from + i * 4).filter((w) => w <= to);
  const placed = placedOn(curve, points);
  return (
    <svg class="growth" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`${curve.chart}: ${measure}`}>
      {rows.map((v) => <g key={v} class="grid"><path d={`M${LEFT} ${sy(v)}H${W - RIGHT}`} /><text x={LEFT - 6} y={sy(v) + 4} text-anchor="end">{v}</text></g>)}
      {columns.map((w) => <g key={w} class="grid"><path d={`M${sx(w)} ${TOP}V${H - BOTTOM}`} /><text x={sx(w)} y={H - BOTTOM + 15} text-anchor="middle">{w}</text></g>)}
      <text class="axis" x={(LEFT + W - RIGHT) / 2} y={H - 4} text-anchor="middle">{t("growth.weeks")}</text>
      <text class="axis" x={4} y={TOP + 2} dominant-baseline="hanging">{curve.unit}</text>
      {CENTILES.map((name) => (
        <g key={name} class={name === "p50" ? "curve middle" : "curve"}>
          <path d={line(curve.weeks.map((w, i) => [w, curve[name][i]!] as const))} />
          <text x={sx(to) + 3} y={sy(curve[name].at(-1)!) + 4}>{name.slice(1)}</text>
        </g>
      ))}
      <g class="here">
        {placed.length > 1 && <path d={line(placed.map((one) => [one.gaDays! / 7, one.values[measure]!] as const))} />}
        {placed.map((one) => (
          <circle key={one.day} class={one.day === own ? "open" : one.study === null ? "now" : ""} cx={sx(one.gaDays! / 7)} cy={sy(one.values[measure]!)} r={one.study === null ? 6 : 4.5}>
            <title>{`${formatDay(one.day)}: ${valueText(measure, one.values[measure]!)}`}</title>
          </circle>
        ))}
      </g>
    </svg>
  );
}
