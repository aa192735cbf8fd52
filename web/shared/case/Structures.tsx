import type { JSX } from "preact";
import type { FrameReading } from "../api/types";
import { code, t } from "../i18n";
import type { Mark } from "./findings";
import { colour } from "../viewer/colours";

/** Never `100 %`: nothing here is certain. */
export const percent = (confidence: number): string =>
  confidence > 0.99 ? ">99 %" : confidence < 0.01 ? "<1 %" : `${Math.round(confidence * 100)} %`;

interface Props {
  marks: readonly Mark[];
  reading: FrameReading | null;
  hidden: ReadonlySet<string>;
  toggle: (label: string) => void;
  opacity: number;
  setOpacity: (value: number) => void;
  guided: boolean;
  setGuided: (on: boolean) => void;
  /** Guided reading: what was chosen for this frame. Null where nothing can be changed. */
  choose: ((label: string, how: "detect" | "segment", on: boolean) => void) | null;
  draw: ((label: string) => void) | null;
}

/** Overlays one by one; or, in the guided mode, the choice of what to detect and to segment. */
export function Structures(props: Props): JSX.Element {
  const { marks, reading, guided } = props;
  const missing = (reading?.abstentions ?? []).filter(([why]) => why === "low_confidence").map(([, what]) => what)
    .filter((label) => !marks.some((m) => m.label === label));
  return (
    <section class="panel" aria-labelledby="structures-title">
      <div class="panel-head">
        <h2 id="structures-title">{t("structures.title")}</h2>
        {props.choose && (
          <label class="check"><input type="checkbox" checked={guided} onChange={(e) => props.setGuided(e.currentTarget.checked)} />{t("guided.mode")}</label>
        )}
      </div>
      {guided && props.choose ? <Guided {...props} /> : (
        <ul class="structures">
          {marks.map((mark, index) => (
            <li key={mark.id}>
              <label class="check">
                <input type="checkbox" checked={!props.hidden.has(mark.label)} onChange={() => props.toggle(mark.label)} />
                <span class="swatch" style={{ background: colour(index) }} />
                {code("structure", mark.label)}
              </label>
              <span class="muted">{mark.polygon.length > 2 ? t("structures.mask") : t("structures.box")}</span>
              <span class="value">{mark.confidence === null ? t("structures.by_hand") : percent(mark.confidence)}</span>
            </li>
          ))}
          {marks.length === 0 && <li class="muted">{t("structures.none")}</li>}
        </ul>
      )}
      {missing.length > 0 && !guided && (
        <p class="muted small">{t("structures.unsure", { names: missing.map((m) => code("structure", m)).join(", ") })}</p>
      )}
      <label class="slider">{t("structures.opacity")}
        <input type="range" min="0" max="0.8" step="0.05" value={props.opacity} onInput={(e) => props.setOpacity(Number(e.currentTarget.value))} />
      </label>
    </section>
  );
}

/** FADA's second mode: the reader reads first, then says what is to be looked for. */
function Guided({ marks, reading, choose, draw }: Props): JSX.Element {
  const detected = reading?.structures ?? [];
  const labels = [...new Set([...detected.map((s) => s.label), ...marks.map((m) => m.label), ...(reading?.mapping?.structures ?? []).filter((s) => /^[a-z]+_/.test(s) || s === "CSP" || s === "NT")])];
  return (
    <>
      <p class="muted small">{t("guided.hint")}</p>
      <table class="figures guided">
        <thead><tr><th scope="col">{t("structures.title")}</th><th scope="col">{t("guided.detect")}</th><th scope="col">{t("guided.segment")}</th><td /></tr></thead>
        <tbody>
          {labels.map((label) => {
            const candidate = detected.find((s) => s.label === label);
            const mark = marks.find((m) => m.label === label);
            const name = code("structure", label);
            const tick = (how: "detect" | "segment", can: boolean, on: boolean): JSX.Element => (
              <td><input type="checkbox" aria-label={`${t(`guided.${how}`)}: ${name}`} disabled={!can} checked={on}
                onChange={(e) => choose!(label, how, e.currentTarget.checked)} /></td>
            );
            return (
              <tr key={label}>
                <th scope="row">{name}{candidate ? <small>{percent(candidate.confidence)}</small> : <small>{t("guided.not_found")}</small>}</th>
                {tick("detect", candidate !== undefined || mark !== undefined, mark !== undefined)}
                {tick("segment", (candidate?.polygon.length ?? 0) > 2, (mark?.polygon.length ?? 0) > 2)}
                <td>{draw && <button type="button" class="quiet" onClick={() => draw(label)}>{t("guided.draw")}</button>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
