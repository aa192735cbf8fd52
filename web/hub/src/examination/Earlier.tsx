import type { JSX } from "preact";
import type { ExaminationSummary } from "@fada/shared/examination/summary";
import { code, t } from "@fada/shared/i18n";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { formatDay } from "../shell/format";
import { type Point, measuresOf, valueText } from "./series";

/** The woman's examinations of this pregnancy side by side, this one last, and what was grown between. */
export function Earlier({ summary, points }: { summary: ExaminationSummary; points: readonly Point[] }): JSX.Element {
  const measures = measuresOf(points);
  return (
    <section class="panel" aria-labelledby="earlier-title">
      <h2 id="earlier-title">{t("earlier.title")}</h2>
      {points.length < 2 && <p class="muted">{t("earlier.none")}</p>}
      <div class="scrolls">
        <table class="figures side-by-side">
          <thead><tr><td />{points.map((one) => (
            <th key={one.day + one.study} scope="col">
              {one.study ? <a href={`/study/${one.study}`} data-inside>{formatDay(one.day)}</a> : <b>{formatDay(one.day) || t("earlier.this")}</b>}
              <small>{one.gaDays === null ? "–" : weeksAndDays(one.gaDays)}</small>
            </th>
          ))}{points.length > 1 && <th scope="col">{t("earlier.growth")}</th>}</tr></thead>
          <tbody>
            {measures.map((name) => {
              const grown = summary.growth.find((one) => one.measure === name);
              return (
                <tr key={name}>
                  <th scope="row"><abbr title={code("measure", name)}>{name}</abbr></th>
                  {points.map((one) => <td key={one.day + one.study} class="value">{one.values[name] === undefined ? "–" : valueText(name, one.values[name]!)}</td>)}
                  {points.length > 1 && <td>{grown ? t("earlier.per_week", { value: valueText(name, grown.per_week) }) : "–"}</td>}
                </tr>
              );
            })}
          </tbody>
        </table>
      </div>
    </section>
  );
}
