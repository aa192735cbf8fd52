import { useMemo, useState } from "preact/hooks";

interface Steps<T> { past: T[]; now: T; future: T[] }

export interface History<T> {
  now: T;
  changed: boolean;
  canRedo: boolean;
  set(next: T): void;
  undo(): void;
  redo(): void;
  restart(from: T): void;
}

/** A value with the way back and forth; `restored` is what an earlier visit made of it, and can be undone too. */
export function useHistory<T>(first: T, restored: T | null = null): History<T> {
  const [steps, setSteps] = useState<Steps<T>>(() => (restored === null ? { past: [], now: first, future: [] } : { past: [first], now: restored, future: [] }));
  return useMemo(() => ({
    now: steps.now,
    changed: steps.past.length > 0,
    canRedo: steps.future.length > 0,
    set: (next) => setSteps(({ past, now }) => ({ past: [...past.slice(-99), now], now: next, future: [] })),
    undo: () => setSteps(({ past, now, future }) => {
      const before = past.at(-1);
      return before === undefined ? { past, now, future } : { past: past.slice(0, -1), now: before, future: [now, ...future] };
    }),
    redo: () => setSteps(({ past, now, future }) => {
      const [next, ...rest] = future;
      return next === undefined ? { past, now, future } : { past: [...past, now], now: next, future: rest };
    }),
    restart: (from) => setSteps({ past: [], now: from, future: [] }),
  }), [steps]);
}
