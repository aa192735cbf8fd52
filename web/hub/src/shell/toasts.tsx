import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/client";
import { type Key, code, t } from "@fada/shared/i18n";

interface Toast { id: number; text: string; kind: "good" | "bad" }

let toasts: Toast[] = [];
let last = 0;
const listeners = new Set<() => void>();

function show(text: string, kind: Toast["kind"]): void {
  const added = { id: ++last, text, kind };
  toasts = [...toasts.slice(-2), added];
  listeners.forEach((listener) => listener());
  setTimeout(() => {
    toasts = toasts.filter((n) => n.id !== added.id);
    listeners.forEach((listener) => listener());
  }, kind === "good" ? 4000 : 9000);
}

/** Says shortly that something was done. */
export const toast = (key: Key, values?: Record<string, string | number>): void => show(t(key, values), "good");
/** Says what failed, and leaves it there for longer. */
export const toastError = (reason: unknown): void => show(errorText(reason), "bad");

/** A failure in plain words: the known code in the reader's language, then what the hub says of it. */
export function errorText(reason: unknown): string {
  if (!(reason instanceof Problem)) return t("problem.internal");
  if (reason.status === 0) return t("problem.offline");
  const known = code("problem", reason.code);
  const detail = reason.body.detail;
  return detail && detail !== reason.body.title ? `${known} ${detail}` : known;
}

/** The messages of the last seconds. */
export function Toasts(): JSX.Element {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = (): void => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return (
    <div class="notices" role="status" aria-live="polite">
      {toasts.map((n) => <p key={n.id} class={`notice ${n.kind}`}>{n.text}</p>)}
    </div>
  );
}
