import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { type Box, type Point, bounds } from "../measurement/geometry";
import { useZoom } from "./zoom";

/** What is drawn over a frame. Coordinates are pixels of the frame. */
export interface Shape {
  id: string;
  title: string;
  colour: string;
  polygon: readonly Point[];
  box: Box;
  dashed?: boolean;
  chosen?: boolean;
}

export interface Line { id: string; title: string; points: readonly Point[] }
export interface Drawing {
  /** Whether there is something to take hold of; elsewhere the pointer moves the picture. Left out: it draws everywhere. */
  grabs?(at: Point): boolean;
  down(at: Point, event: PointerEvent): void;
  move(at: Point, event: PointerEvent): void;
  up(at: Point, event: PointerEvent): void;
  cursor: string;
}

interface Props {
  src: string;
  alt: string;
  width: number;
  height: number;
  shapes: readonly Shape[];
  lines: readonly Line[];
  /** 0 to 1: how strongly masks are filled. */
  opacity: number;
  /** The picture alone, without anything drawn over it. */
  original: boolean;
  brightness: number;
  contrast: number;
  /** The words that stay on the picture. */
  label: string;
  /** Enlarges from outside, by key: each further `n` once. */
  zoomed?: { how: "larger" | "smaller" | "whole"; n: number } | null;
  drawing?: Drawing | undefined;
  children?: ComponentChildren;
  words: { larger: string; smaller: string; whole: string; failed: string };
}

const path = (points: readonly Point[]): string =>
  `M${points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L")}Z`;

/** One frame with what was found in it; shared by the hub's pages and the phone. */
export function Viewer(props: Props): JSX.Element {
  const { width, height, drawing } = props;
  const zoom = useZoom();
  const svg = useRef<SVGSVGElement>(null);
  const stage = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  const [unit, setUnit] = useState(1); // pixels of the frame in one of the screen, before enlarging
  useEffect(() => setFailed(false), [props.src]);
  useEffect(() => {
    const element = stage.current!;
    element.addEventListener("wheel", zoom.wheel, { passive: false });
    return () => element.removeEventListener("wheel", zoom.wheel);
  });

  useEffect(() => {
    const watch = new ResizeObserver(([entry]) => {
      const { width: w, height: h } = entry!.contentRect;
      if (w > 0 && h > 0) setUnit(Math.max(width / w, height / h));
    });
    watch.observe(stage.current!);
    return () => watch.disconnect();
  }, [width, height]);

  const at = (event: PointerEvent): Point => {
    const matrix = svg.current!.getScreenCTM()!.inverse();
    const p = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix);
    return [Math.min(width, Math.max(0, p.x)), Math.min(height, Math.max(0, p.y))];
  };
  const down = (event: PointerEvent): void => {
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
    if (!zoom.down(event, drawing !== undefined && (drawing.grabs?.(at(event)) ?? true))) drawing?.down(at(event), event);
  };
  const move = (event: PointerEvent): void => {
    if (!zoom.move(event)) drawing?.move(at(event), event);
  };
  const up = (event: PointerEvent): void => {
    if (!zoom.up(event)) drawing?.up(at(event), event);
  };
  const by = (factor: number): void => {
    const box = stage.current!.getBoundingClientRect();
    zoom.enlarge(factor, box.width, box.height);
  };
  useEffect(() => {
    if (!props.zoomed) return;
    if (props.zoomed.how === "whole") zoom.reset();
    else by(props.zoomed.how === "larger" ? 1.3 : 1 / 1.3);
  }, [props.zoomed]);
  const keys = (event: KeyboardEvent): void => {
    if (event.target !== event.currentTarget) return;
    if (event.key === "+" || event.key === "=") by(1.3);
    else if (event.key === "-") by(1 / 1.3);
    else if (event.key === "0") zoom.reset();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };
  const { x, y, scale } = zoom.view;

  return (
    <div class="viewer" role="group" aria-label={props.alt} tabIndex={0} onKeyDown={keys}>
      <div class="viewer-stage" ref={stage} style={{ cursor: drawing?.cursor ?? (scale > 1 ? "grab" : "default") }}
        onPointerDown={down} onPointerMove={move} onPointerUp={up} onPointerCancel={up}>
        <div class="viewer-plate" style={{ transform: `translate(${x}px, ${y}px) scale(${scale})` }}>
          <svg ref={svg} viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="xMidYMid meet" aria-hidden="true">
            <image href={props.src} width={width} height={height} preserveAspectRatio="none" onError={() => setFailed(true)}
              style={{ filter: `brightness(${props.brightness}) contrast(${props.contrast})`, imageRendering: scale > 3 ? "pixelated" : "auto" }} />
            {!props.original && props.shapes.map((shape) => (
              <ShapeMark key={shape.id} shape={shape} opacity={props.opacity} unit={unit / scale} />
            ))}
            {!props.original && props.lines.map((line) => <LineMark key={line.id} line={line} width={width} unit={unit / scale} />)}
            {!props.original && props.children}
          </svg>
        </div>
      </div>
      {failed && <p class="viewer-failed" role="alert">{props.words.failed}</p>}
      <p class="viewer-label">{props.label}</p>
      <div class="viewer-zoom">
        <button type="button" onClick={() => by(1.4)} aria-label={props.words.larger}>+</button>
        <button type="button" onClick={() => by(1 / 1.4)} aria-label={props.words.smaller}>−</button>
        <button type="button" onClick={zoom.reset} aria-label={props.words.whole}>⤢</button>
      </div>
    </div>
  );
}

function ShapeMark({ shape, opacity, unit }: { shape: Shape; opacity: number; unit: number }): JSX.Element {
  const [x0, y0, x1, y1] = shape.polygon.length > 2 ? bounds(shape.polygon) : shape.box;
  const font = 14 * unit;
  return (
    <g class={shape.chosen ? "shape chosen" : "shape"} style={{ color: shape.colour }}>
      {shape.polygon.length > 2
        ? <path d={path(shape.polygon)} fill="currentColor" fill-opacity={opacity} vector-effect="non-scaling-stroke" />
        : <rect x={x0} y={y0} width={x1 - x0} height={y1 - y0} fill="none" vector-effect="non-scaling-stroke"
            stroke-dasharray={shape.dashed ? "5 4" : undefined} />}
      <text x={x0 + font * 0.2} y={Math.max(font * 1.1, y0 - font * 0.35)} font-size={font} stroke-width={3 * unit}>{shape.title}</text>
    </g>
  );
}

function LineMark({ line, width, unit }: { line: Line; width: number; unit: number }): JSX.Element {
  const font = 14 * unit;
  const [p, q] = line.points;
  if (!p || !q) return <g />;
  const pairs: [Point, Point][] = line.points.length === 4 ? [[p, q], [line.points[2]!, line.points[3]!]] : [[p, q]];
  const arm = 7 * unit;
  return (
    <g class="caliper">
      {pairs.map(([a, b], index) => (
        <g key={index}>
          <line x1={a[0]} y1={a[1]} x2={b[0]} y2={b[1]} vector-effect="non-scaling-stroke" stroke-dasharray="2 4" />
          {[a, b].map(([cx, cy], end) => (
            <path key={end} d={`M${cx - arm} ${cy}h${2 * arm}M${cx} ${cy - arm}v${2 * arm}`} vector-effect="non-scaling-stroke" />
          ))}
        </g>
      ))}
      <text font-size={font} stroke-width={3 * unit} {...(q[0] + arm * 1.4 + line.title.length * font * 0.55 <= width
        ? { x: q[0] + arm * 1.4, y: q[1] + font * 0.35 } : { x: q[0] + arm, y: q[1] - arm * 1.4, "text-anchor": "end" })}>{line.title}</text>
    </g>
  );
}
