import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { FrameReading, Measurement } from "@fada/shared/api/types";
import { measurementValue } from "@fada/shared/case/Measurements";
import { percent } from "@fada/shared/case/Structures";
import { code, t } from "@fada/shared/i18n";
import { colour } from "@fada/shared/viewer/colours";
import { type Point, distance } from "@fada/shared/measurement/geometry";
import { type Drawing, Viewer } from "@fada/shared/viewer/Viewer";

interface Props {
  alt: string;
  label: string;
  reading: FrameReading | null;
  load: () => Promise<string>;
  /** Takes the scale, in mm a pixel; null where the file has its own. */
  setScale: ((pixelMm: [number, number]) => void) | null;
}

/** A measure and its value; whose scale a person gave is marked. */
const lineTitle = (m: Measurement): string => `${m.name} ${measurementValue(m)}${m.mm !== null && m.calibration === "scale_bar" ? ` (${t("calibration.by_hand")})` : ""}`;

/** One picture with what was found in it, and the tool for its scale bar. */
export function FrameView({ alt, label, reading, load, setScale }: Props): JSX.Element {
  const [url, setUrl] = useState("");
  const [failed, setFailed] = useState(false);
  const [pixels, setPixels] = useState<[number, number]>([4, 3]);
  const [original, setOriginal] = useState(false);
  const [scaling, setScaling] = useState(false);
  const [bar, setBar] = useState<[Point, Point] | null>(null);
  const [mm, setMm] = useState("10");

  useEffect(() => {
    let here = true;
    void load().then(async (made) => {
      const picture = new Image();
      picture.src = made;
      await picture.decode();
      if (!here) return;
      setPixels([picture.naturalWidth, picture.naturalHeight]);
      setUrl(made);
    }).catch(() => { if (here) setFailed(true); });
    return () => { here = false; };
  }, []); // another picture is another plate (see its key)

  const [width, height] = reading ? [reading.width, reading.height] : pixels;
  const drawing: Drawing | undefined = scaling ? {
    cursor: "crosshair",
    down: (at) => setBar([at, at]),
    move: (at, event) => { if (event.buttons > 0 || event.pointerType === "touch") setBar((was) => was && [was[0], at]); },
    up: (at) => setBar((was) => was && [was[0], at]),
  } : undefined;
  const use = (): void => {
    const length = bar ? distance(bar[0], bar[1]) : 0, one = Number(mm) / length;
    setScaling(false);
    if (length > 2 && Number.isFinite(one) && one > 0) setScale?.([one, one]);
  };
  return (
    <div class="reading-room">
      {failed ? <div class="viewer"><p class="viewer-failed">{t("frame.failed")}</p></div>
        : url ? <Viewer src={url} alt={alt} width={width} height={height} opacity={0.2} original={original}
          shapes={scaling ? [] : (reading?.structures ?? []).map((s, i, all) => ({
            id: s.label, colour: colour(i), polygon: s.polygon, box: s.box,
            title: all.length > 3 ? code("structure", s.label) : `${code("structure", s.label)} ${percent(s.confidence)}`,
          }))}
          lines={scaling ? (bar ? [{ id: "scale", title: `${mm} mm`, points: bar }] : [])
            : (reading?.measurements ?? []).filter((m) => m.name !== "HC").map((m) => ({ id: m.name, title: lineTitle(m), points: m.points }))}
          brightness={1} contrast={1} label={label} drawing={drawing}
          words={{ larger: t("zoom.larger"), smaller: t("zoom.smaller"), whole: t("zoom.whole"), failed: t("frame.failed") }} />
          : <div class="viewer" />}
      {scaling && bar && <p class="scale-words">{t("phone.bar_length", { n: distance(bar[0], bar[1]).toFixed(0) })}</p>}
      <div class="picture-bar">
        <button type="button" aria-pressed={original} disabled={scaling} onClick={() => setOriginal(!original)}>{t("frame.original")}</button>
        {setScale && !scaling && <button type="button" onClick={() => { setBar(null); setOriginal(false); setScaling(true); }}>{t("phone.scale")}</button>}
        {scaling && <>
          <label>{t("phone.bar_mm")}<input type="number" min="1" max="300" step="any" value={mm} onInput={(e) => setMm(e.currentTarget.value)} /></label>
          <button type="button" disabled={!bar} onClick={use}>{t("phone.use_scale")}</button>
          <button type="button" onClick={() => setScaling(false)}>{t("cancel")}</button>
        </>}
      </div>
      {scaling && <p class="scale-words">{t("phone.scale_hint")}</p>}
    </div>
  );
}
