import type { JSX } from "preact";
import { t } from "@fada/shared/i18n";

interface Props {
  count: number;
  frame: number;
  /** Whether the frame that is shown was read. */
  read: boolean;
  go: (frame: number) => void;
  /** Read these frames of the clip, or the best ones (null). */
  choose: (frames: number[] | null) => void;
  chosen: number[] | null;
}

/** Goes through a clip; any frame can be read in place of those that were chosen. */
export function FramePicker({ count, frame, read, go, choose, chosen }: Props): JSX.Element {
  return (
    <div class="frame-picker panel">
      <label>
        <span>{t("frame.of", { n: frame, all: count })}{read ? "" : ` · ${t("frame.not_read")}`}</span>
        <input type="range" min="1" max={count} value={frame} aria-label={t("frame.choose")} onInput={(e) => go(Number(e.currentTarget.value))} />
      </label>
      <div class="row">
        <button type="button" disabled={frame <= 1} aria-label={t("frame.before")} onClick={() => go(frame - 1)}>◀</button>
        <button type="button" disabled={frame >= count} aria-label={t("frame.after")} onClick={() => go(frame + 1)}>▶</button>
        {!read && <button type="button" onClick={() => choose([frame])}>{t("phone.read_frame")}</button>}
        {chosen && <button type="button" onClick={() => choose(null)}>{t("phone.best_frames")}</button>}
      </div>
    </div>
  );
}
