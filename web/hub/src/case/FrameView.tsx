import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import type { FrameDraft } from "../review/draft";
import type { FrameMeasurements } from "@fada/shared/case/findings";
import { colour } from "@fada/shared/viewer/colours";
import { type Drawing, type Line, type Shape, Viewer } from "@fada/shared/viewer/Viewer";
import { measurementValue } from "@fada/shared/case/Measurements";
import { percent } from "@fada/shared/case/Structures";
import { type Frame, frameUrl } from "../study/frames";

interface Props {
  study: Study;
  frame: Frame;
  shown: FrameDraft;
  hidden: ReadonlySet<string>;
  measured: FrameMeasurements;
  opacity: number;
  original: boolean;
  setOriginal: (on: boolean) => void;
  label: string;
  chosen: string | null;
  drawing: Drawing | undefined;
  children?: ComponentChildren;
}

/** The frame in the dark, with its overlays, and the original one tap away. */
export function FrameView(props: Props): JSX.Element {
  const { study, frame, shown, measured, original } = props;
  const [brightness, setBrightness] = useState(1);
  const [contrast, setContrast] = useState(1);
  const src = frameUrl(study, frame);
  useEffect(() => { // the neighbours of a cine loop, so that scrubbing does not wait
    for (const n of [frame.frame - 1, frame.frame + 1]) {
      const instance = study.instances_list.find((i) => i.sop_uid === frame.sopUid);
      if (n >= 1 && instance && n <= instance.frames) new Image().src = frameUrl(study, { ...frame, frame: n });
    }
  }, [src]);
  const shapes: Shape[] = shown.marks.map((mark, index) => ({
    id: mark.id, colour: colour(index), polygon: mark.polygon, box: mark.box, chosen: mark.label === props.chosen,
    title: mark.confidence === null || shown.marks.length > 3 ? code("structure", mark.label) : `${code("structure", mark.label)} ${percent(mark.confidence)}`,
  })).filter((_, index) => !props.hidden.has(shown.marks[index]!.label));
  const byHand = new Set(shown.calipers.map((c) => c.name));
  const lines: Line[] = measured.measurements
    .filter((m) => (byHand.has(m.name) || (m.name !== "HC" && !props.hidden.has("fetal_head"))) && m.points.length >= 2)
    .map((m) => ({ id: m.name, title: `${m.name} ${measurementValue(m)}`, points: m.points }));
  return (
    <div class="picture">
      <Viewer src={src} alt={t("frame.alt", { n: frame.frame })} width={frame.width} height={frame.height} shapes={shapes} lines={lines}
        opacity={props.opacity} original={original} brightness={brightness} contrast={contrast} label={props.label} drawing={props.drawing}
        words={{ larger: t("zoom.larger"), smaller: t("zoom.smaller"), whole: t("zoom.whole"), failed: t("frame.failed") }}>
        {props.children}
      </Viewer>
      <div class="picture-bar">
        <button type="button" aria-pressed={original} onClick={() => props.setOriginal(!original)}>{t("frame.original")} <kbd>o</kbd></button>
        <label class="slider">{t("frame.brightness")}<input type="range" min="0.4" max="2.2" step="0.05" value={brightness} onInput={(e) => setBrightness(Number(e.currentTarget.value))} /></label>
        <label class="slider">{t("frame.contrast")}<input type="range" min="0.4" max="2.4" step="0.05" value={contrast} onInput={(e) => setContrast(Number(e.currentTarget.value))} /></label>
      </div>
    </div>
  );
}
