import type { JSX } from "preact";
import { useMemo, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { HADLOCK_HC, INTERGROWTH_HC_CHART, hadlockHc, intergrowthMeanSd, weeksAndDays } from "@fada/shared/measurement/biometry";

type Chart = "intergrowth" | "hadlock";
const W = 440, H = 270, LEFT = 40, RIGHT = 34, TOP = 12, BOTTOM = 36;
const FROM = 14, TO = 40, LOW = 60, HIGH = 380;
const Z: [string, number][] = [["3", -1.8808], ["10", -1.2816], ["50", 0], ["90", 1.2816], ["97", 1.8808]];

const sx = (weeks: number): number => LEFT + ((weeks - FROM) / (TO - FROM)) * (W - LEFT - RIGHT);
const sy = (mm: number): number => H - BOTTOM - ((mm - LOW) / (HIGH - LOW)) * (H - TOP - BOTTOM);
const line = (points: [number, number][]): string => points.map(([w, mm], i) => `${i ? "L" : "M"}${sx(w).toFixed(1)} ${sy(mm).toFixed(1)}`).join("");

interface Curve { name: string; points: [number, number][] }

function intergrowth(): Curve[] {
  return Z.map(([name, z]) => ({
    name,
    points: Array.from({ length: (TO - FROM) * 2 + 1 }, (_, i) => {
      const weeks = FROM + i / 2;
      const [mean, sd] = intergrowthMeanSd(weeks)!;
      return [weeks, mean + z * sd] as [number, number];
    }),
  }));
}

/** Hadlock's dating equation read as a curve: the age that belongs to each HC, and two standard
 * deviations of that age to both sides. */
function hadlock(): Curve[] {
  const sizes = Array.from({ length: 74 }, (_, i) => 68 + i * 4);
  const ages = sizes.map((mm) => ({ mm, d: hadlockHc(mm)! }));
  const curve = (name: string, pick: (d: NonNullable<ReturnType<typeof hadlockHc>>) => number): Curve => ({
    name, points: ages.map(({ mm, d }) => [pick(d) / 7, mm] as [number, number]).filter(([w]) => w >= FROM && w <= TO),
  });
  return [curve("+2 SD", (d) => d.high_days!), curve("GA", (d) => d.days), curve("−2 SD", (d) => d.low_days!)];
}

interface Props { hc: number | null; periodDays: number | null; scanDays: number | null }

/** Head circumference against age, drawn from the published formulae. */
export function Growth({ hc, periodDays, scanDays }: Props): JSX.Element {
  const [chart, setChart] = useState<Chart>("intergrowth");
  const curves = useMemo(() => (chart === "intergrowth" ? intergrowth() : hadlock()), [chart]);
  const name = chart === "intergrowth" ? INTERGROWTH_HC_CHART : `${HADLOCK_HC}, ±2 SD`;
  const days = periodDays ?? scanDays;
  const weeks = days === null ? null : days / 7;
  const shown = hc !== null && weeks !== null && weeks >= FROM && weeks <= TO && hc >= LOW && hc <= HIGH;
  const text = hc !== null && days !== null ? `HC ${hc.toFixed(1)} mm, ${weeksAndDays(days)}` : t("growth.nothing");
  return (
    <section class="panel" aria-labelledby="growth-title">
      <div class="panel-head">
        <h2 id="growth-title">{t("growth.title")}</h2>
        <select aria-label={t("growth.chart")} value={chart} onChange={(e) => setChart(e.currentTarget.value as Chart)}>
          <option value="intergrowth">INTERGROWTH-21st</option>
          <option value="hadlock">Hadlock 1984</option>
        </select>
      </div>
      <svg class="growth" viewBox={`0 0 ${W} ${H}`} role="img" aria-label={`${name}. ${text}`}>
        {Array.from({ length: 8 }, (_, i) => 100 + i * 40).map((mm) => (
          <g key={mm} class="grid"><path d={`M${LEFT} ${sy(mm)}H${W - RIGHT}`} /><text x={LEFT - 6} y={sy(mm) + 4} text-anchor="end">{mm}</text></g>
        ))}
        {Array.from({ length: 7 }, (_, i) => 14 + i * 4).concat(40).filter((w, i, all) => all.indexOf(w) === i).map((w) => (
          <g key={w} class="grid"><path d={`M${sx(w)} ${TOP}V${H - BOTTOM}`} /><text x={sx(w)} y={H - BOTTOM + 15} text-anchor="middle">{w}</text></g>
        ))}
        <text class="axis" x={(LEFT + W - RIGHT) / 2} y={H - 4} text-anchor="middle">{t("growth.weeks")}</text>
        <text class="axis" x={4} y={TOP + 2} dominant-baseline="hanging">mm</text>
        {curves.map((curve, i) => {
          const [w, mm] = curve.points.at(-1) ?? [FROM, LOW];
          return (
            <g key={curve.name} class={i === Math.floor(curves.length / 2) ? "curve middle" : "curve"}>
              <path d={line(curve.points)} />
              {curve.name !== "10" && curve.name !== "90" && <text x={sx(w) + 3} y={sy(mm) + 4}>{curve.name}</text>}
            </g>
          );
        })}
        {shown && (
          <g class={periodDays === null ? "here open" : "here"}>
            <path d={`M${LEFT} ${sy(hc)}H${sx(weeks)}V${H - BOTTOM}`} />
            <circle cx={sx(weeks)} cy={sy(hc)} r="5.5" />
          </g>
        )}
      </svg>
      <p class="muted small">{name}. {text}. {shown && periodDays === null ? t("growth.circular") : ""}</p>
    </section>
  );
}
