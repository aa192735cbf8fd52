/** Shapes, by the same formulae as the hub (services/reading/images/geometry.py). Pixels of the frame. */

export type Point = readonly [number, number];
export type Box = readonly [number, number, number, number];

/** Centre, semi-axes a ≥ b and the angle of a in radians. */
export interface Ellipse { cx: number; cy: number; a: number; b: number; angle: number }

/** Points of an outline in a report. */
export const MAX_POINTS = 64;

/** The ellipse with the polygon's area moments, or null when the polygon is degenerate. */
export function ellipseOf(points: readonly Point[]): Ellipse | null {
  if (points.length < 3) return null;
  const n = points.length;
  const ox = points.reduce((sum, p) => sum + p[0], 0) / n;
  const oy = points.reduce((sum, p) => sum + p[1], 0) / n;
  let size = 0, mx = 0, my = 0, xx = 0, yy = 0, xy = 0;
  points.forEach((point, index) => {
    const next = points[(index + 1) % n]!;
    const x = point[0] - ox, y = point[1] - oy, x1 = next[0] - ox, y1 = next[1] - oy;
    const cross = x * y1 - x1 * y;
    size += cross / 2;
    mx += (x + x1) * cross;
    my += (y + y1) * cross;
    xx += (x * x + x * x1 + x1 * x1) * cross;
    yy += (y * y + y * y1 + y1 * y1) * cross;
    xy += (x * y1 + 2 * x * y + 2 * x1 * y1 + x1 * y) * cross;
  });
  if (Math.abs(size) < 1e-12) return null;
  const cx = mx / (6 * size), cy = my / (6 * size);
  const vx = xx / (12 * size) - cx * cx, vy = yy / (12 * size) - cy * cy, vxy = xy / (24 * size) - cx * cy;
  const spread = Math.hypot(vx - vy, 2 * vxy);
  const large = (vx + vy + spread) / 2, small = (vx + vy - spread) / 2;
  if (small <= 0) return null;
  return {
    cx: cx + ox, cy: cy + oy, a: 2 * Math.sqrt(large), b: 2 * Math.sqrt(small),
    angle: 0.5 * Math.atan2(2 * vxy, vx - vy),
  };
}

/** The ends of the long axis, then of the short one. */
export function axisEnds(e: Ellipse): [Point, Point, Point, Point] {
  const ux = Math.cos(e.angle), uy = Math.sin(e.angle);
  return [
    [e.cx - e.a * ux, e.cy - e.a * uy], [e.cx + e.a * ux, e.cy + e.a * uy],
    [e.cx + e.b * uy, e.cy - e.b * ux], [e.cx - e.b * uy, e.cy + e.b * ux],
  ];
}

/** The ends of the diameter that is parallel to the line from `from` to `to`, in its sense; two equal points give the long axis. */
export function diameter(e: Ellipse, from: Point, to: Point): [Point, Point] {
  const same = from[0] === to[0] && from[1] === to[1];
  const along = same ? e.angle : Math.atan2(to[1] - from[1], to[0] - from[0]), turn = along - e.angle;
  const half = (e.a * e.b) / Math.hypot(e.b * Math.cos(turn), e.a * Math.sin(turn));
  const ux = half * Math.cos(along), uy = half * Math.sin(along);
  return [[e.cx - ux, e.cy - uy], [e.cx + ux, e.cy + uy]];
}

/** The share that a polygon fills of the ellipse with its moments: less where a border has leaked; 0 for a degenerate one. */
export function filling(points: readonly Point[]): number {
  const shape = ellipseOf(points);
  return shape ? area(points) / (Math.PI * shape.a * shape.b) : 0;
}

/** An ellipse as a polygon of `count` points whose area moments are the ellipse's own. */
export function ellipsePolygon(e: Ellipse, count = MAX_POINTS): Point[] {
  const ux = Math.cos(e.angle), uy = Math.sin(e.angle);
  const step = (2 * Math.PI) / count;
  // The second moments of an inscribed polygon are smaller than the ellipse's by this factor.
  const grow = Math.sqrt(3 / (2 + Math.cos(step)));
  return Array.from({ length: count }, (_, i) => {
    const x = e.a * grow * Math.cos(i * step), y = e.b * grow * Math.sin(i * step);
    return [e.cx + x * ux - y * uy, e.cy + x * uy + y * ux] as const;
  });
}

/** The ellipse with a polygon's moments in place of it, cut at a frame of width x height; a degenerate polygon as it is. */
export function asEllipse(points: readonly Point[], width: number, height: number): readonly Point[] {
  const shape = ellipseOf(points);
  const within = (v: number, most: number): number => Math.min(most, Math.max(0, v));
  return shape ? ellipsePolygon(shape).map(([x, y]) => [within(x, width), within(y, height)] as const) : points;
}

/** Area of a polygon (shoelace formula), in squared units of its points. */
export function area(points: readonly Point[]): number {
  return Math.abs(points.reduce((sum, p, i) => {
    const next = points[(i + 1) % points.length]!;
    return sum + p[0] * next[1] - next[0] * p[1];
  }, 0) / 2);
}

/** The box around points: x0, y0, x1, y1. */
export function bounds(points: readonly Point[]): Box {
  const xs = points.map((p) => p[0]), ys = points.map((p) => p[1]);
  return [Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)];
}

/** At most `count` points, evenly spaced along the border. */
export function resample(points: readonly Point[], count = MAX_POINTS): Point[] {
  if (points.length <= count) return [...points];
  const closed = [...points, points[0]!];
  const along = [0];
  for (let i = 1; i < closed.length; i++) {
    const p = closed[i - 1]!, q = closed[i]!;
    along.push(along[i - 1]! + Math.hypot(q[0] - p[0], q[1] - p[1]));
  }
  const total = along[along.length - 1]!;
  let at = 1;
  return Array.from({ length: count }, (_, i) => {
    const want = (total * i) / count;
    while (along[at]! < want) at++;
    const p = closed[at - 1]!, q = closed[at]!;
    const part = (want - along[at - 1]!) / (along[at]! - along[at - 1]! || 1);
    return [p[0] + (q[0] - p[0]) * part, p[1] + (q[1] - p[1]) * part] as const;
  });
}

/** Euclidean distance. */
export const distance = (p: Point, q: Point): number => Math.hypot(p[0] - q[0], p[1] - q[1]);

/** Whether a point lies in the polygon (even-odd). */
export function inside(points: readonly Point[], [x, y]: Point): boolean {
  let within = false;
  for (let i = 0, j = points.length - 1; i < points.length; j = i++) {
    const [xi, yi] = points[i]!, [xj, yj] = points[j]!;
    if (yi > y !== yj > y && x < ((xj - xi) * (y - yi)) / (yj - yi) + xi) within = !within;
  }
  return within;
}
