import { useRef, useState } from "preact/hooks";

/** Where the picture stands in its frame: moved by x, y (CSS pixels) and enlarged. */
export interface View { x: number; y: number; scale: number }

/** The whole image, not moved. */
export const WHOLE: View = { x: 0, y: 0, scale: 1 };
const LARGEST = 12;

function around(view: View, factor: number, cx: number, cy: number): View {
  const scale = Math.min(LARGEST, Math.max(1, view.scale * factor));
  if (scale === 1) return WHOLE;
  const ratio = scale / view.scale;
  return { scale, x: cx - (cx - view.x) * ratio, y: cy - (cy - view.y) * ratio };
}

/** Wheel, pinch and drag. Where a pointer draws, one finger or the main button does, and two fingers or the middle
 * button move the picture. */
export function useZoom() {
  const [view, setView] = useState(WHOLE);
  const fingers = useRef(new Map<number, { x: number; y: number }>());
  const moves = useRef(false);

  const local = (event: PointerEvent | WheelEvent): { x: number; y: number } => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };

  return {
    view,
    reset: (): void => setView(WHOLE),
    enlarge: (factor: number, width: number, height: number): void =>
      setView((v) => around(v, factor, width / 2, height / 2)),
    /** Whether this pointer moves the picture; else it draws, which it may only where `draws` is true. */
    down(event: PointerEvent, draws: boolean): boolean {
      fingers.current.set(event.pointerId, local(event));
      moves.current = fingers.current.size > 1 || !draws || event.button === 1;
      return moves.current;
    },
    move(event: PointerEvent): boolean {
      const was = fingers.current.get(event.pointerId);
      if (!was || !moves.current) return false;
      const now = local(event);
      const others = [...fingers.current].filter(([id]) => id !== event.pointerId).map(([, p]) => p);
      fingers.current.set(event.pointerId, now);
      const other = others[0];
      if (other) {
        const before = Math.hypot(was.x - other.x, was.y - other.y);
        const after = Math.hypot(now.x - other.x, now.y - other.y);
        const cx = (now.x + other.x) / 2, cy = (now.y + other.y) / 2;
        setView((v) => around({ ...v, x: v.x + (now.x - was.x) / 2, y: v.y + (now.y - was.y) / 2 }, after / (before || 1), cx, cy));
      } else {
        setView((v) => (v.scale === 1 ? v : { ...v, x: v.x + now.x - was.x, y: v.y + now.y - was.y }));
      }
      return true;
    },
    up(event: PointerEvent): boolean {
      fingers.current.delete(event.pointerId);
      const moved = moves.current;
      if (fingers.current.size === 0) moves.current = false;
      return moved;
    },
    wheel(event: WheelEvent): void {
      event.preventDefault();
      const { x, y } = local(event);
      const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.06 : 0.0018));
      setView((v) => around(v, factor, x, y));
    },
  };
}
