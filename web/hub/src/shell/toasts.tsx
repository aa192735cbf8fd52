import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem } from "../api/client";
import { type Key, code, t } from "@fada/shared/i18n";

interface Notice { id: number; text: string; kind: "good" | "bad" }

let notices: Notice[] = [];
let last = 0;
const listeners = new Set<() => void>();

function show(text: string, kind: Notice["kind"]): void {
  const notice = { id: ++last, text, kind };
  notices = [...notices.slice(-2), notice];
  listeners.forEach((tell) => tell());
  setTimeout(() => {
    notices = notices.filter((n) => n.id !== notice.id);
    listeners.forEach((tell) => tell());
  }, kind === "good" ? 4000 : 9000);
}

export const say = (key: Key, values?: Record<string, string | number>): void => show(t(key, values), "good");
export const refuse = (reason: unknown): void => show(words(reason), "bad");

/** A failure in plain words: the known code in the reader's language, then what the hub says of it. */
export function words(reason: unknown): string {
  if (!(reason instanceof Problem)) return t("problem.internal");
  if (reason.status === 0) return t("problem.offline");
  const known = code("problem", reason.code);
  const detail = reason.body.detail;
  return detail && detail !== reason.body.title ? `${known} ${detail}` : known;
}

export function Notices(): JSX.Element {
  const [, again] = useState(0);
  useEffect(() => {
    const tell = (): void => again((n) => n + 1);
    listeners.add(tell);
    return () => void listeners.delete(tell);
  }, []);
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.map((n) => <p key={n.id} class={`notice ${n.kind}`}>{n.text}</p>)}
    </div>
  );
}
