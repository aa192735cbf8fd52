import type { JSX } from "preact";
import { t } from "@fada/shared/i18n";
import type { Frame } from "../study/frames";

interface Props { frames: readonly Frame[]; index: number; choose: (index: number) => void }

/** One frame after another, with those that were read marked. */
export function FrameSlider({ frames, index, choose }: Props): JSX.Element | null {
  if (frames.length < 2) return null;
  const keyed = frames.map((f, i) => ({ i, key: f.reading !== null })).filter((f) => f.key);
  const here = frames[index]!;
  return (
    <div class="scrubber">
      <button type="button" disabled={index === 0} onClick={() => choose(index - 1)} aria-label={t("frame.before")}>◀</button>
      <div class="scrubber-track">
        <input type="range" min="0" max={frames.length - 1} value={index} aria-label={t("frame.choose")}
          aria-valuetext={t("frame.of", { n: index + 1, all: frames.length })} onInput={(e) => choose(Number(e.currentTarget.value))} />
        <div class="scrubber-marks" aria-hidden="true">
          {keyed.length < frames.length && keyed.map(({ i }) => <i key={i} style={{ left: `${(100 * i) / (frames.length - 1)}%` }} />)}
        </div>
      </div>
      <button type="button" disabled={index === frames.length - 1} onClick={() => choose(index + 1)} aria-label={t("frame.after")}>▶</button>
      <span class="value">{index + 1} / {frames.length}{here.reading && keyed.length < frames.length ? ` · ${t("frame.key")}` : ""}</span>
    </div>
  );
}
