import type { JSX } from "preact";
import type { FrameReading } from "../api/types";
import { code, t } from "../i18n";
import type { Mark } from "./findings";
import { percent } from "../measurement/percent";
import { colour } from "../viewer/colours";

export { percent };

/** What a reader chose to look for, by label: boxes, and outlines in them. It hides the rest and deletes nothing. */
export interface Sought { detect: ReadonlySet<string>; segment: ReadonlySet<string> }

/** The mark as the guided mode shows it: whole, as its box alone, or not at all. What a person drew is always shown. */
export function asSought(mark: Mark, sought: Sought | null): Mark | null {
  if (sought === null || mark.confidence === null || sought.segment.has(mark.label)) return mark;
  return sought.detect.has(mark.label) ? { ...mark, polygon: [] } : null;
}

interface Props {
  marks: readonly Mark[];
  reading: FrameReading | null;
  hidden: ReadonlySet<string>;
  toggle: (label: string) => void;
  opacity: number;
  setOpacity: (value: number) => void;
  /** Guided reading: what the reader looks for; null: everything is shown. */
  sought: Sought | null;
  setSought: (sought: Sought | null) => void;
  draw: ((label: string) => void) | null;
}

/** Overlays one by one; or, in the guided mode, the choice of what to detect and to segment. */
export function Structures(props: Props): JSX.Element {
  const { marks, reading } = props;
  const guided = props.sought !== null;
  const missing = (reading?.abstentions ?? []).filter(([why]) => why === "low_confidence").map(([, what]) => what)
    .filter((label) => !marks.some((m) => m.label === label));
  return (
    <section class="panel" aria-labelledby="structures-title">
      <div class="panel-head">
        <h2 id="structures-title">{t("structures.title")}</h2>
        <label class="check"><input type="checkbox" checked={guided}
          onChange={(e) => props.setSought(e.currentTarget.checked ? { detect: new Set(), segment: new Set() } : null)} />{t("guided.mode")}</label>
      </div>
      {guided ? <Guided {...props} /> : (
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
function Guided({ marks, reading, sought, setSought, draw }: Props): JSX.Element {
  const labels = [...new Set([...marks.map((m) => m.label), ...(reading?.mapping?.structures ?? []).filter((s) => /^[a-z]+_/.test(s) || s === "CSP" || s === "NT")])];
  const choose = (label: string, how: keyof Sought, on: boolean): void => {
    const next = { detect: new Set(sought!.detect), segment: new Set(sought!.segment) };
    if (on) next[how].add(label);
    else next[how].delete(label);
    if (on && how === "segment") next.detect.add(label);
    if (!on && how === "detect") next.segment.delete(label);
    setSought(next);
  };
  return (
    <>
      <p class="muted small">{t("guided.hint")}</p>
      <table class="figures guided">
        <thead><tr><th scope="col">{t("structures.title")}</th><th scope="col">{t("guided.detect")}</th><th scope="col">{t("guided.segment")}</th><td /></tr></thead>
        <tbody>
          {labels.map((label) => {
            const mark = marks.find((m) => m.label === label);
            const name = code("structure", label);
            const tick = (how: "detect" | "segment", can: boolean, on: boolean): JSX.Element => (
              <td><input type="checkbox" aria-label={`${t(`guided.${how}`)}: ${name}`} disabled={!can} checked={on}
                onChange={(e) => choose(label, how, e.currentTarget.checked)} /></td>
            );
            return (
              <tr key={label}>
                <th scope="row">{name}<small>{mark === undefined ? t("guided.not_found") : mark.confidence === null ? t("structures.by_hand") : percent(mark.confidence)}</small></th>
                {tick("detect", mark !== undefined, sought!.detect.has(label))}
                {tick("segment", (mark?.polygon.length ?? 0) > 2, sought!.segment.has(label))}
                <td>{draw && <button type="button" class="quiet" onClick={() => draw(label)}>{t("guided.draw")}</button>}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </>
  );
}
