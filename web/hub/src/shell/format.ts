import type { StudyRow } from "@fada/shared/api/types";
import { type Key, code, language, t } from "@fada/shared/i18n";

/** `SURNAME^GIVEN` as people read it. It is only ever set as text, never as HTML. */
export const personName = (name: string): string => name.split("^").filter(Boolean).join(", ");

/** `20260131` or `2026-01-31` as `2026-01-31`. */
export const isoDate = (date: string): string =>
  /^\d{8}$/.test(date) ? `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}` : date.slice(0, 10);

/** The reader's own form of the language that is shown: `en` is `en-GB` for a reader in Britain. */
const locale = (): string => navigator.languages.find((tag) => tag.split("-")[0] === language()) ?? language();

/** A day (`2026-01-31`, `20260131`) in the reader's form, `31 Jan 2026`; words that are no date stay. */
export function formatDay(date: string | null | undefined): string {
  if (!date) return "";
  const iso = isoDate(date), at = new Date(`${iso}T00:00Z`);
  if (!/^\d{4}-\d\d-\d\d$/.test(iso) || Number.isNaN(at.getTime())) return date;
  return new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeZone: "UTC" }).format(at);
}

/** `31 Jan 2026, 14:05` in the reader's form and time zone. */
export function dateTime(at: string | null | undefined): string {
  return at ? new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "short" }).format(new Date(at)) : "";
}

/** Hours of waiting: `45 min`, `3 h 20 min`, `2 d 4 h`. */
export function waitingTime(hours: number): string {
  const minutes = Math.max(0, Math.round(hours * 60));
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

/** What is to be known of a case before it is opened, or nothing. */
export function headline(row: StudyRow): string {
  if (row.state === "failed" || row.headline === undefined) return triageReasons(row);
  if (row.headline === null) return "";
  const key = `headline.${row.headline.code}` as Key;
  const said = t(key, { measure: row.headline.measure === "EFW" ? t("headline.weight") : row.headline.measure ?? "" });
  return row.headline.fetus ? `${said} (${t("fetus.one", { letter: row.headline.fetus })})` : said;
}

/** Why a case stands where it stands; empty where it only waits its turn. */
export function triageReasons(row: StudyRow): string {
  const reasons = row.reasons.filter((r) => r !== "urgent").map((r) => code("reason", r));
  if (row.state === "failed") reasons.unshift(code("problem", row.error_code || "failed"));
  return reasons.join(" · ");
}
