import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { query } from "../api/client";
import { code, t } from "@fada/shared/i18n";
import { usePolling } from "./usePolling";

/** Cohen's kappa of two readers; null where there is nothing to compare. `value` is null where chance alone would agree. */
interface Kappa { value: number | null; observed: number; n: number }
interface Pair { a: string; b: string; studies: number; kappa: Record<"interpretation" | "annotation" | "plane", Kappa | null>; dice: Record<string, { mean: number; n: number }> }

const EXPORTS = [["training.zip", "readers.export"], ["scores.csv", "readers.scores"], ["scores-agreement.csv", "readers.scores_agreement"]] as const;

const decimal = (value: number | null): string => (value === null ? "–" : value.toFixed(2));
const kappaText = (kappa: Kappa | null): string => (kappa === null ? "–" : `${decimal(kappa.value)} (${kappa.n})`);

/** How well readers agree, and their corrections as a training set and their scores as tables. */
export function Agreement(): JSX.Element {
  const [from, setFrom] = useState("");
  const since = query({ received_from: from && `${from}T00:00:00Z` });
  const [agreement] = usePolling<{ readers: string[]; names: Record<string, string>; pairs: Pair[] }>(`/api/agreement${since}`);
  return (
    <>
      <form class="filters"><label>{t("readers.from")}<input type="date" value={from} onChange={(e) => setFrom(e.currentTarget.value)} /></label>
        {EXPORTS.map(([file, key]) => <a key={file} class="button" href={`/api/export/${file}${since}`} download>{t(key)}</a>)}</form>
      {agreement?.pairs.length === 0 && <p class="muted">{t("readers.none")}</p>}
      {agreement && agreement.pairs.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("ops.readers")}><table class="wide-table">
        <thead><tr><th scope="col">{t("ops.readers")}</th><th scope="col">{t("readers.studies")}</th><th scope="col">κ {t("score.interpretation")}</th><th scope="col">κ {t("score.annotation")}</th><th scope="col">κ {t("column.plane")}</th><th scope="col">Dice</th></tr></thead>
        <tbody>{agreement.pairs.map((p) => (
          <tr key={`${p.a} ${p.b}`}><td><span title={p.a}>{agreement.names[p.a] ?? p.a}</span> · <span title={p.b}>{agreement.names[p.b] ?? p.b}</span></td><td>{p.studies}</td><td>{kappaText(p.kappa.interpretation)}</td><td>{kappaText(p.kappa.annotation)}</td><td>{kappaText(p.kappa.plane)}</td>
            <td>{Object.entries(p.dice).map(([label, d]) => `${code("structure", label)} ${decimal(d.mean)} (${d.n})`).join(", ") || "–"}</td></tr>
        ))}</tbody>
      </table></div>}
    </>
  );
}
