import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Result } from "@fada/shared/api/types";
import { Confidence, Interpretation } from "@fada/shared/case/Interpretation";
import { Measurements } from "@fada/shared/case/Measurements";
import { Structures, type Sought } from "@fada/shared/case/Structures";
import { contradictions } from "../review/contradictions";
import { t } from "@fada/shared/i18n";
import { ImageQuestions } from "../questions/ImageQuestions";
import type { Reading } from "./useReading";

/** What is drawn over the image, and how; it changes nothing of the result. */
export function useOverlays() {
  const [label, setLabel] = useState("fetal_head");
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [sought, setSought] = useState<Sought | null>(null);
  const [opacity, setOpacity] = useState(0.2);
  const [original, setOriginal] = useState(false);
  const [heat, setHeat] = useState<string | null>(null); // the map of where a finding comes from
  const [zoomed, setZoomed] = useState<{ how: "larger" | "smaller" | "whole"; n: number } | null>(null);
  return {
    label, setLabel, hidden, sought, setSought, opacity, setOpacity, original, setOriginal, heat, setHeat,
    zoomed, zoom: (how: "larger" | "smaller" | "whole"): void => setZoomed((was) => ({ how, n: (was?.n ?? 0) + 1 })),
    toggle: (name: string): void => setHidden((was) => {
      const now = new Set(was);
      if (!now.delete(name)) now.add(name);
      return now;
    }),
  };
}

export type Overlays = ReturnType<typeof useOverlays>;

/** `ownPeriod`: the last period belongs to the version, not to the facts of the examination. */
interface Props { study: string; reading: Reading; result: Result | null; editable: boolean; ownPeriod: boolean; overlays: Overlays; draw: (label: string) => void }

/** What is said of the image on the screen, and how sure that is. */
export function ImagePanels({ study, reading, result, editable, ownPeriod, overlays, draw }: Props): JSX.Element | null {
  const { frame, draft, drafted, shown, measured, history } = reading;
  if (!result || !frame) return null;
  return (
    <>
      <Measurements measured={measured} reading={frame.reading} lastPeriod={reading.lastPeriod} periodDays={reading.periodDays} scanDay={reading.scanDay}
        {...(editable && ownPeriod ? { setPeriod: (lastPeriod: string | null) => history.set({ ...draft, lastPeriod }) } : {})}>
        {contradictions(measured.measurements).map((one) => <p key={one.measure} class="warn small" role="status">{t("figures.contradiction", { ...one })}</p>)}
      </Measurements>
      {frame.reading && <Confidence reading={frame.reading} plane={drafted.plane} />}
      <Structures marks={shown.marks} reading={frame.reading} hidden={overlays.hidden} opacity={overlays.opacity} setOpacity={overlays.setOpacity}
        toggle={overlays.toggle} sought={overlays.sought} setSought={overlays.setSought} draw={editable ? draw : null} />
      <Interpretation key={reading.key} texts={drafted.texts} reading={frame.reading} byModel={!drafted.changed.texts}
        change={editable ? (texts) => reading.change({ texts }) : null} />
      {frame.reading && <ImageQuestions study={study} frame={frame} release={result.report.release} setHeat={overlays.setHeat} />}
    </>
  );
}
