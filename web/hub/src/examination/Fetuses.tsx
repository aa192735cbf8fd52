import type { JSX } from "preact";
import { t } from "@fada/shared/i18n";
import type { Live } from "./live";

interface Props {
  live: Live;
  letter: string;
  setLetter: (letter: string) => void;
  nameOf: (sopUid: string, frame: number) => string;
  show: (sopUid: string, frame: number) => void;
}

/** Of which of several fetuses the summary is, and the values that belong to none of them yet. */
export function Fetuses({ live, letter, setLetter, nameOf, show }: Props): JSX.Element {
  const { unassigned } = live.whole;
  return (
    <>
      <p class="whose" role="group" aria-label={t("fact.fetuses")}>
        {live.fetuses.map(({ fetus }) => <button key={fetus} type="button" aria-pressed={fetus === letter} onClick={() => setLetter(fetus)}>{t("fetus.one", { letter: fetus })}</button>)}
      </p>
      {unassigned.length > 0 && <div class="note warn">
        <p>{t("fetus.unassigned")}</p>
        <ul>{unassigned.map((one) => (
          <li key={`${one.sop_uid}/${one.frame}/${one.measure}`}><b>{one.measure} {one.mm.toFixed(1)} mm</b> <button type="button" class="quiet small" onClick={() => show(one.sop_uid, one.frame)}>{nameOf(one.sop_uid, one.frame)}</button></li>
        ))}</ul>
      </div>}
    </>
  );
}
