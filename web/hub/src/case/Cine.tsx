import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Study } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { useShortcuts } from "../shell/shortcuts";
import { type Frame, type Picture, frameUrl } from "../study/frames";

interface Props { study: Study; frames: readonly Frame[]; picture: Picture; index: number; choose: (index: number) => void }

const FRAME_MS = 80;

/** A clip frame by frame, or running; the frames that were read are marked. Nothing for a single image. Its
 * key is the picture: another one begins anew, at rest. */
export function Cine({ study, frames, picture, index, choose }: Props): JSX.Element | null {
  const [playing, setPlaying] = useState(false);
  const { first, count } = picture;
  useEffect(() => {
    if (!playing || count < 2) return;
    const next = first + ((index - first + 1) % count);
    let left = false;
    const image = new Image();
    image.src = frameUrl(study, frames[next]!);
    const shown = new Promise((done) => setTimeout(done, FRAME_MS));
    // The next frame is shown when its picture is here, so that a slow network only slows the clip.
    void Promise.all([shown, image.decode().catch(() => undefined)]).then(() => { if (!left) choose(next); });
    return () => { left = true; };
  }, [playing, index]);
  useShortcuts(count > 1 ? { " ": () => setPlaying((v) => !v) } : {});
  if (count < 2) return null;
  const go = (to: number): void => {
    setPlaying(false);
    choose(Math.min(first + count - 1, Math.max(first, to)));
  };
  const keyed = Array.from({ length: count }, (_, i) => i).filter((i) => frames[first + i]!.reading !== null);
  const at = index - first;
  return (
    <div class="scrubber">
      <button type="button" class="play" aria-pressed={playing} onClick={() => setPlaying(!playing)} aria-label={t(playing ? "cine.pause" : "cine.play")}>{playing ? "❚❚" : "▶"}</button>
      <button type="button" disabled={at === 0} onClick={() => go(index - 1)} aria-label={t("frame.before")}>‹</button>
      <div class="scrubber-track">
        <input type="range" min="0" max={count - 1} value={at} aria-label={t("frame.choose")}
          aria-valuetext={t("frame.of", { n: at + 1, all: count })} onInput={(e) => go(first + Number(e.currentTarget.value))} />
        <div class="scrubber-marks" aria-hidden="true">
          {keyed.length < count && keyed.map((i) => <i key={i} style={{ left: `${(100 * i) / (count - 1)}%` }} />)}
        </div>
      </div>
      <button type="button" disabled={at === count - 1} onClick={() => go(index + 1)} aria-label={t("frame.after")}>›</button>
      <span class="value">{at + 1} / {count}{frames[index]?.reading && keyed.length < count ? ` · ${t("frame.key")}` : ""}</span>
    </div>
  );
}
