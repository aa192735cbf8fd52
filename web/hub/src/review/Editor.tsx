import type { JSX } from "preact";
import { useRef, useState } from "preact/hooks";
import type { Mark } from "@fada/shared/case/findings";
import type { CaliperEdit, FrameReading } from "@fada/shared/api/types";
import { type Key, code, t } from "@fada/shared/i18n";
import { useShortcuts } from "../shell/shortcuts";
import { type Point, distance } from "@fada/shared/measurement/geometry";
import type { Raster } from "@fada/shared/measurement/mask";
import type { Drawing } from "@fada/shared/viewer/Viewer";
import { type Grip, grips, withCaliper, withoutCaliper } from "./adjust";
import type { FrameDraft } from "./draft";
import {
  CALIPERS, TOOLS, type Tool, boxed, brushed, caliperOf, emptyMark, handles, nearest, outlined, pulled, rasterOf, spanned,
} from "./tools";
import { ellipsePolygon } from "@fada/shared/measurement/geometry";

/** Structures that a person can draw. */
export const LABELS = [
  "fetal_head", "abdomen", "femur", "CSP", "lateral_ventricle", "NT", "nasal_bone", "nasal_tip", "nasal_skin", "palate", "thalami", "midbrain", "IT", "CM",
];

/** What is held while the pointer is down. */
type Gesture =
  | { kind: "brush"; mark: Mark; base: Raster; last: Point }
  | { kind: "handle"; mark: Mark; handle: number }
  | { kind: "span"; mark: Mark; from: Point }
  | { kind: "caliper"; from: Point }
  | { kind: "grip"; grip: Grip };

interface Props {
  frame: FrameDraft;
  /** What the model read, whose measures can be pulled too. */
  reading: FrameReading | null;
  width: number;
  height: number;
  label: string;
  /** The frame as it would be, while a gesture goes on; null when it ends without a change. */
  preview: (frame: { marks?: Mark[]; calipers?: CaliperEdit[] } | null) => void;
  commit: (frame: { marks?: Mark[]; calipers?: CaliperEdit[] }) => void;
}

/** The tools' state and what they make of the pointer. */
export function useEditor({ frame, reading, width, height, label, preview, commit }: Props) {
  const [tool, setTool] = useState<Tool>("look");
  const [radius, setRadius] = useState(Math.max(4, Math.round(width / 40)));
  const [caliper, setCaliper] = useState("BPD");
  const [corners, setCorners] = useState<Point[]>([]); // of a polygon that is not yet closed
  const [hover, setHover] = useState<Point | null>(null);
  const gesture = useRef<Gesture | null>(null);
  const result = useRef<{ marks?: Mark[]; calipers?: CaliperEdit[] } | null>(null);
  const mark = frame.marks.find((m) => m.label === label);
  const reach = width * 0.03;
  const ends = tool === "look" || tool === "caliper" ? grips(frame, reading) : [];
  const hold = ends.length > 0 ? ends.map((one) => one.at) : handles(tool, mark);

  const withMark = (next: Mark | null): { marks: Mark[] } => ({
    marks: next === null ? frame.marks.filter((m) => m.label !== label)
      : mark ? frame.marks.map((m) => (m.id === mark.id ? { ...next, id: mark.id } : m)) : [...frame.marks, next],
  });
  const show = (next: { marks?: Mark[]; calipers?: CaliperEdit[] }): void => {
    result.current = next;
    preview(next);
  };
  const closePolygon = (): void => {
    if (corners.length > 2) commit(withMark(outlined(mark ?? emptyMark(label), corners)));
    setCorners([]);
  };

  const drawing: Drawing = {
    ...(tool === "look" ? { grabs: (at: Point) => nearest(hold, at, reach) >= 0 } : {}),
    cursor: tool === "look" ? "default" : tool === "brush" || tool === "erase" ? "none" : "crosshair",
    down(at) {
      const held = corners.length === 0 ? nearest(hold, at, reach) : -1;
      if (held >= 0 && ends[held]) gesture.current = { kind: "grip", grip: ends[held] };
      else if (tool === "look") gesture.current = null;
      else if (tool === "caliper") gesture.current = { kind: "caliper", from: at };
      else if (tool === "brush" || tool === "erase") {
        const base = rasterOf(mark ?? emptyMark(label), width, height);
        gesture.current = { kind: "brush", mark: mark ?? emptyMark(label), base, last: at };
        this.move(at, new PointerEvent("pointermove"));
      } else if (held >= 0 && mark) {
        gesture.current = { kind: "handle", mark, handle: held };
      } else if (tool === "polygon") {
        if (corners.length > 2 && distance(corners[0]!, at) < reach) closePolygon();
        else setCorners([...corners, at]);
      } else {
        gesture.current = { kind: "span", mark: mark ?? emptyMark(label), from: at };
      }
    },
    move(at) {
      setHover(at);
      const now = gesture.current;
      if (!now) return;
      if (now.kind === "brush") {
        const next = brushed(now.mark, now.base, now.last, at, radius, tool === "brush" ? 1 : 0);
        if (next?.raster) now.base = next.raster;
        now.last = at;
        show(withMark(next));
      } else if (now.kind === "handle") show(withMark(pulled(tool, now.mark, now.handle, at)));
      else if (now.kind === "span") {
        if (distance(now.from, at) < 3) return;
        show(withMark(tool === "box" ? boxed(now.mark, now.from, at) : outlined(now.mark, ellipsePolygon(spanned(now.from, at)))));
      } else if (now.kind === "caliper") { if (distance(now.from, at) >= 3) show({ calipers: withCaliper(frame.calipers, caliperOf(caliper, now.from, at)) }); }
      else show(now.grip.pull(at));
    },
    up() {
      if (gesture.current && result.current) commit(result.current);
      else preview(null);
      gesture.current = null;
      result.current = null;
    },
  };

  const removeMark = (): void => {
    if (tool === "caliper") commit({ calipers: withoutCaliper(frame.calipers, caliper) });
    else commit(withMark(null));
  };
  const extras = (
    <g class="handles">
      {corners.length > 0 && <path class="rubber" d={`M${[...corners, ...(hover ? [hover] : [])].map((p) => p.join(" ")).join("L")}`} vector-effect="non-scaling-stroke" />}
      {[...hold, ...corners].map(([x, y], i) => <circle key={i} cx={x} cy={y} r={width / 85} vector-effect="non-scaling-stroke" />)}
      {(tool === "brush" || tool === "erase") && hover && <circle class="brush" cx={hover[0]} cy={hover[1]} r={radius} vector-effect="non-scaling-stroke" />}
    </g>
  );
  return { tool, setTool: (next: Tool) => { setCorners([]); setTool(next); }, radius, setRadius, caliper, setCaliper, drawing, extras, closePolygon, cancel: () => setCorners([]), pending: corners.length > 0, removeMark };
}

interface BarProps {
  editor: ReturnType<typeof useEditor>;
  label: string;
  setLabel: (label: string) => void;
  leave: () => void;
}

/** The tools by hand and by key. */
export function EditorBar({ editor, label, setLabel, leave }: BarProps): JSX.Element {
  useShortcuts({
    ...Object.fromEntries(TOOLS.map(({ tool, key }) => [key, () => editor.setTool(tool)])),
    ...(editor.tool === "look" ? {} : { Delete: editor.removeMark, Backspace: editor.removeMark }),
    Enter: editor.closePolygon,
    Escape: () => (editor.pending ? editor.cancel() : leave()),
  });
  const brush = editor.tool === "brush" || editor.tool === "erase";
  return (
    <div class="tools" role="toolbar" aria-label={t("editor.title")}>
      {TOOLS.map(({ tool, key, sign }) => (
        <button key={tool} type="button" aria-pressed={editor.tool === tool} onClick={() => editor.setTool(tool)} title={`${t(`tool.${tool}` as Key)} (${key})`}>
          <span aria-hidden="true">{sign}</span><small>{t(`tool.${tool}` as Key)}</small>
        </button>
      ))}
      {editor.tool === "look" ? null : editor.tool === "caliper"
        ? <label>{t("editor.caliper")}<select value={editor.caliper} onChange={(e) => editor.setCaliper(e.currentTarget.value)}>{CALIPERS.map((c) => <option key={c} value={c}>{c === "length" ? t("measure.length") : c}</option>)}</select></label>
        : <label>{t("editor.structure")}<select value={label} onChange={(e) => setLabel(e.currentTarget.value)}>{LABELS.map((l) => <option key={l} value={l}>{code("structure", l)}</option>)}</select></label>}
      {brush && <label>{t("editor.size")}<input type="range" min="2" max="80" value={editor.radius} onInput={(e) => editor.setRadius(Number(e.currentTarget.value))} /></label>}
      {editor.pending && <button type="button" onClick={editor.closePolygon}>{t("editor.close_polygon")}</button>}
      {editor.tool !== "look" && <button type="button" onClick={editor.removeMark}>{t("editor.delete")}</button>}
      {editor.tool === "look" && <span class="muted small">{t("editor.pull_hint")}</span>}
    </div>
  );
}
