import type { StudyRow } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";

/** `SURNAME^GIVEN` as people read it. It is only ever set as text, never as HTML. */
export const personName = (name: string): string => name.split("^").filter(Boolean).join(", ");

/** `20260131` or `2026-01-31` as `2026-01-31`. */
export const isoDate = (date: string): string =>
  /^\d{8}$/.test(date) ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` : date.slice(0, 10);

/** `2026-01-31 14:05`, in the reader's own time zone. */
export function dateTime(at: string | null | undefined): string {
  if (!at) return "";
  const d = new Date(at);
  const two = (n: number): string => String(n).padStart(2, "0");
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())} ${two(d.getHours())}:${two(d.getMinutes())}`;
}

/** Hours of waiting: `45 min`, `3 h 20 min`, `2 d 4 h`. */
export function waitingTime(hours: number): string {
  const minutes = Math.max(0, Math.round(hours * 60));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** Why a case stands where it stands. */
export function triageReasons(row: StudyRow): string {
  const reasons = row.reasons.filter((r) => r !== "urgent").map((r) => code("reason", r));
  if (row.state === "failed") reasons.unshift(code("problem", row.error_code || "failed"));
  return reasons.length > 0 ? reasons.join(" · ") : t("reason.waiting");
}
