import type { JSX } from "preact";
import type { Candidate } from "@fada/shared/examination/summary";
import { t } from "@fada/shared/i18n";
import type { Live } from "./live";

interface Props {
  live: Live;
  letter: string;
  setLetter: (letter: string) => void;
}

/** Of which of several fetuses the summary is. */
export function Fetuses({ live, letter, setLetter }: Props): JSX.Element {
  return (
    <p class="whose" role="group" aria-label={t("fact.fetuses")}>
      {live.fetuses.map(({ fetus }) => <button key={fetus} type="button" aria-pressed={fetus === letter} onClick={() => setLetter(fetus)}>{t("fetus.one", { letter: fetus })}</button>)}
    </p>
  );
}

interface UnassignedProps {
  values: readonly Candidate[];
  nameOf: (sopUid: string, frame: number) => string;
  show: (sopUid: string, frame: number) => void;
}

/** The values that belong to none of several fetuses yet, an image a line; closed, so that the sizes stay in sight. */
export function Unassigned({ values, nameOf, show }: UnassignedProps): JSX.Element | null {
  if (values.length === 0) return null;
  const of = (one: Candidate): string => `${one.sop_uid}/${one.frame}`;
  const images = [...new Set(values.map(of))].map((image) => values.filter((one) => of(one) === image));
  return (
    <details class="note warn unassigned">
      <summary>{t("fetus.unassigned_images", { n: images.length })}</summary>
      <p class="small">{t("fetus.unassigned")}</p>
      <ul>{images.map(([first, ...others]) => first && (
        <li key={of(first)}>
          <button type="button" class="quiet small" onClick={() => show(first.sop_uid, first.frame)}>{nameOf(first.sop_uid, first.frame)}</button>{" "}
          {[first, ...others].map((one) => `${one.measure} ${one.mm.toFixed(1)} mm`).join(", ")}
        </li>
      ))}</ul>
    </details>
  );
}
