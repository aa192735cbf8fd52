import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { FrameReading } from "../api/types";
import { type Key, code, t } from "../i18n";
import { withhold } from "../text/fetalSexFilter";
import { inLanguage } from "./sentences";
import { percent } from "./Structures";

/** The fields of an interpretation, in the order of the report. */
export const FIELDS = [
  "anatomical_structures", "fetal_orientation", "imaging_plane", "biometric_measurements",
  "gestational_age", "image_quality", "normality_assessment", "clinical_recommendations",
] as const;

interface Props {
  texts: Readonly<Record<string, string>>;
  reading: FrameReading | null;
  byModel: boolean;
  change: ((texts: Record<string, string>) => void) | null;
}

/** The eight fields, with where their text comes from; a person may put them right. */
export function Interpretation({ texts, reading, byModel, change }: Props): JSX.Element {
  const [draft, setDraft] = useState<Record<string, string> | null>(null);
  const empty = Object.keys(texts).length === 0;
  const keep = (): void => {
    if (draft) change?.(draft);
    setDraft(null);
  };
  return (
    <section class="panel" aria-labelledby="interpretation-title">
      <div class="panel-head">
        <h2 id="interpretation-title">{t("interpretation.title")}</h2>
        {change && !draft && <button type="button" class="quiet" onClick={() => setDraft({ ...texts })}>{t("interpretation.edit")}</button>}
      </div>
      {byModel && !empty && <p class="note small">{t("interpretation.note")}</p>}
      {draft ? (
        <form class="fields" onSubmit={(e) => { e.preventDefault(); keep(); }}>
          {FIELDS.map((name) => (
            <label key={name}>{t(`field.${name}` as Key)}
              <textarea rows={2} maxLength={2000} value={draft[name] ?? ""} onInput={(e) => setDraft({ ...draft, [name]: e.currentTarget.value })} />
            </label>
          ))}
          <p class="buttons"><button type="submit" class="main">{t("interpretation.keep")}</button><button type="button" onClick={() => setDraft(null)}>{t("cancel")}</button></p>
        </form>
      ) : empty ? <p class="muted">{t("interpretation.none")}</p> : (
        <dl class="fields">
          {FIELDS.filter((name) => texts[name]).map((name) => (
            <div key={name}><dt>{t(`field.${name}` as Key)}</dt><dd><FilteredText text={texts[name]!} say={inLanguage} /></dd></div>
          ))}
        </dl>
      )}
      {reading?.mapping && (
        <p class="muted small">{t("interpretation.mapping", { group: reading.mapping.group.replaceAll("_", " "), reason: reading.mapping.reason })}</p>
      )}
    </section>
  );
}

/** Text about the fetus, unless it tells its sex. */
export function FilteredText({ text, say }: { text: string; say?: (text: string) => string }): JSX.Element {
  const shown = withhold(text, true);
  return shown === null ? <em class="withheld">{t("withheld")}</em> : <>{say ? say(shown) : shown}</>;
}

/** What the system is sure of, and what it says nothing about, in plain words. */
export function Confidence({ reading, plane }: { reading: FrameReading; plane: string | null }): JSX.Element {
  return (
    <section class="panel" aria-labelledby="confidence-title">
      <h2 id="confidence-title">{t("confidence.title")}</h2>
      {reading.plane
        ? (
          <p class="plane">{code("plane", plane ?? reading.plane.label)} {plane === null || plane === reading.plane.label
            ? <span>{t("confidence.sure", { n: percent(reading.plane.confidence) })}</span>
            : <span class="tag">{t("structures.by_hand")}</span>}</p>
        )
        : <p class="plane">{t("confidence.no_plane")}</p>}
      {reading.subplane && (
        <p>{code("subplane", reading.subplane.label)} <span class="muted">{t("confidence.sure", { n: percent(reading.subplane.confidence) })}</span></p>
      )}
      {reading.plane && reading.plane.confidence < 0.9 && (
        <p class="muted small">{t("confidence.else", { list: reading.planes.slice(1, 3).map((p) => `${code("plane", p.label)} ${percent(p.confidence)}`).join(", ") })}</p>
      )}
      <ul class="reasons">
        {reading.abstentions.filter(([why]) => why !== "low_confidence").map(([why, what]) => (
          <li key={`${why}${what}`}>{code("abstention", why)} {why === "out_of_range" || why === "not_calibrated" ? <span class="muted">({code("measure", what)})</span> : null}</li>
        ))}
        {reading.flags.map((flag) => <li key={flag}>{code("flag", flag)}</li>)}
      </ul>
      <dl class="meters">
        <div><dt>{t("confidence.scope")}</dt><dd><meter min="0" max="1" value={reading.scope_confidence} /> {percent(reading.scope_confidence)}</dd></div>
        <div><dt>{t("confidence.quality")}</dt><dd><meter min="0" max="1" value={reading.quality} /> {percent(reading.quality)}</dd></div>
      </dl>
      <p class="muted small">{t("confidence.not_assessed")}</p>
    </section>
  );
}
