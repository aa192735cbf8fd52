import type { ComponentChildren, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import type { FrameDraft } from "../review/draft";
import type { FrameMeasurements } from "@fada/shared/case/findings";
import { HeatLayer } from "@fada/shared/heat/Heat";
import { colour } from "@fada/shared/viewer/colours";
import { type Drawing, type Line, type Shape, Viewer } from "@fada/shared/viewer/Viewer";
import { measurementValue } from "@fada/shared/case/Measurements";
import { asSought, percent } from "@fada/shared/case/Structures";
import type { Overlays } from "./ImagePanels";
import { type Frame, frameUrl } from "../study/frames";

/** The planes that a person can name. */
const PLANES = ["head", "abdomen", "femur", "thorax", "nt_view", "intrapartum"];

interface Props {
  study: Study;
  frame: Frame;
  shown: FrameDraft;
  overlays: Overlays;
  measured: FrameMeasurements;
  label: string;
  /** Sets the plane of the image; null where it cannot be changed. */
  setPlane: ((plane: string) => void) | null;
  chosen: string | null;
  /** Which of several fetuses the image shows; null where there is one. */
  fetus: { letters: readonly string[]; shown: string; set: ((letter: string) => void) | null } | null;
  drawing: Drawing | undefined;
  children?: ComponentChildren;
}

/** The frame in the dark, with its overlays, and the original one tap away. */
export function FrameView(props: Props): JSX.Element {
  const { study, frame, shown, measured, overlays } = props;
  const { original, sought } = overlays;
  const [brightness, setBrightness] = useState(1);
  const [contrast, setContrast] = useState(1);
  const src = frameUrl(study, frame);
  useEffect(() => { // the neighbours of a cine loop, so that scrubbing does not wait
    for (const n of [frame.frame - 1, frame.frame + 1]) {
      const instance = study.instances_list.find((i) => i.sop_uid === frame.sopUid);
      if (n >= 1 && instance && n <= instance.frames) new Image().src = frameUrl(study, { ...frame, frame: n });
    }
  }, [src]);
  const shapes: Shape[] = shown.marks.flatMap((whole, index) => {
    const mark = overlays.hidden.has(whole.label) ? null : asSought(whole, sought);
    return mark === null ? [] : [{
      id: mark.id, colour: colour(index), polygon: mark.polygon, box: mark.box, chosen: mark.label === props.chosen,
      title: mark.confidence === null || shown.marks.length > 3 ? code("structure", mark.label) : `${code("structure", mark.label)} ${percent(mark.confidence)}`,
    }];
  });
  const byHand = new Set(shown.calipers.map((c) => c.name));
  const lines: Line[] = measured.measurements
    .filter((m) => (byHand.has(m.name) || (m.name !== "HC" && !overlays.hidden.has("fetal_head") && (sought === null || sought.segment.has("fetal_head")))) && m.points.length >= 2)
    .map((m) => ({ id: m.name, title: `${m.name} ${measurementValue(m)}`, points: m.points }));
  return (
    <div class="picture">
      <Viewer src={src} alt={t("frame.alt", { n: frame.frame })} width={frame.width} height={frame.height} shapes={shapes} lines={lines}
        opacity={overlays.opacity} original={original} brightness={brightness} contrast={contrast} label={frame.preview ? `${t("frame.preview")} ${props.label}` : props.label} drawing={props.drawing} zoomed={overlays.zoomed}
        words={{ larger: t("zoom.larger"), smaller: t("zoom.smaller"), whole: t("zoom.whole"), failed: t("frame.failed") }}>
        <HeatLayer src={overlays.heat} width={frame.width} height={frame.height} />
        {props.children}
      </Viewer>
      <div class="picture-bar">
        {props.setPlane
          ? <label>{t("filter.plane")} <select value={shown.plane ?? ""} onChange={(e) => props.setPlane!(e.currentTarget.value)}>
              {!PLANES.includes(shown.plane ?? "") && <option value={shown.plane ?? ""} disabled>{shown.plane ? code("plane", shown.plane) : t("confidence.no_plane_short")}</option>}
              {PLANES.map((one) => <option key={one} value={one}>{code("plane", one)}</option>)}
            </select></label>
          : <span>{shown.plane ? code("plane", shown.plane) : t("confidence.no_plane_short")}</span>}
        {props.fetus && <label>{t("fact.fetus")} <select value={props.fetus.shown} disabled={!props.fetus.set} onChange={(e) => props.fetus?.set?.(e.currentTarget.value)}>
          <option value="">{t("fetus.not_said")}</option>
          {props.fetus.letters.map((one) => <option key={one} value={one}>{one}</option>)}
        </select></label>}
        <button type="button" aria-pressed={original} onClick={() => overlays.setOriginal(!original)}>{t("frame.original")} <kbd>o</kbd></button>
        <label class="slider">{t("frame.brightness")}<input type="range" min="0.4" max="2.2" step="0.05" value={brightness} onInput={(e) => setBrightness(Number(e.currentTarget.value))} /></label>
        <label class="slider">{t("frame.contrast")}<input type="range" min="0.4" max="2.4" step="0.05" value={contrast} onInput={(e) => setContrast(Number(e.currentTarget.value))} /></label>
      </div>
    </div>
  );
}
