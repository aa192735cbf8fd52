import type { JSX } from "preact";
import type { Candidate, MeasureSummary } from "@fada/shared/examination/summary";
import { t } from "@fada/shared/i18n";

export interface Choice {
  /** The place of an image (and, of a clip, the frame) in words: `image 2, frame 8`. */
  nameOf: (sopUid: string, frame: number) => string;
  show: (sopUid: string, frame: number) => void;
  chosen: Readonly<Record<string, { sop_uid: string; frame: number }>>;
  /** Null where it cannot be chosen. */
  choose: ((measure: string, candidate: Candidate | null) => void) | null;
}

const MOST = 12; // of a long clip the best frames are enough to choose from

/** Every value of one measure, which of them count, and a choice of another. */
export function Candidates({ one, nameOf, show, chosen, choose }: Choice & { one: MeasureSummary }): JSX.Element {
  const picked = chosen[one.measure];
  const counts = (c: Candidate): boolean => one.counted.includes(c);
  const is = (c: Candidate): boolean => picked !== undefined && picked.sop_uid === c.sop_uid && picked.frame === c.frame;
  const listed = [...one.candidates].sort((a, b) => Number(counts(b)) - Number(counts(a)) || b.quality - a.quality).slice(0, MOST);
  const name = `count-${one.measure}`;
  return (
    <ul>
      {choose && (
        <li><label class="check"><input type="radio" name={name} checked={!picked} onChange={() => choose(one.measure, null)} />{t("summary.automatic")}</label></li>
      )}
      {listed.map((c) => (
        <li key={`${c.sop_uid}/${c.frame}`} class={counts(c) ? "counts" : ""}>
          {choose
            ? <label class="check"><input type="radio" name={name} checked={is(c)} onChange={() => choose(one.measure, c)} /><b class="value">{c.mm.toFixed(1)} mm</b></label>
            : <b class="value">{c.mm.toFixed(1)} mm</b>}
          <button type="button" class="quiet small" onClick={() => show(c.sop_uid, c.frame)}>{nameOf(c.sop_uid, c.frame)}</button>
          <span class="muted small">{c.by_person ? t("structures.by_hand") : ""} {counts(c) && t("summary.counts")}</span>
        </li>
      ))}
    </ul>
  );
}
