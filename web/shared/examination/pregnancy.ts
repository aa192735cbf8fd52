/** Dating of a pregnancy, the same rule as the hub's (services/domain/examination/pregnancy.py): ACOG Committee
 * Opinion 700. The last period holds unless the scan differs by more than the rule allows at its age; the earliest
 * acceptable scan wins over later ones. Days are written `2026-01-31`. */
import { round } from "../measurement/round";

const DURATION_DAYS = 280, DAY_MS = 86_400_000;
// Age by last period in days, up to and including, and by how many days a scan may differ.
const ALLOWED: readonly (readonly [number, number])[] = [[62, 5], [111, 7], [153, 10], [195, 14]];
const ALLOWED_LATE = 21;

/** A scan that dates the pregnancy: its day, the age that it gave in days, by which equation. */
export interface DatingScan { day: string; ga_days: number; equation: string }

/** Which dating holds and why. `zero` is the first day of a (given or computed) last period; `scan_day` the day of
 * the scan that it rests on: an examination never takes its centiles at an age that it gave itself. */
export interface PregnancyDating {
  basis: "last_period" | "scan";
  zero: string;
  due: string;
  equation: string;
  reason: "lmp_only" | "lmp_agrees" | "scan_only" | "lmp_differs";
  differs_days: number | null;
  allowed_days: number | null;
  scan_day: string | null;
}

/** Whole days from one day to another. */
export const daysBetween = (from: string, to: string): number => Math.round((Date.parse(`${to}T00:00Z`) - Date.parse(`${from}T00:00Z`)) / DAY_MS);

/** The day so many days later. */
export const dayAfter = (day: string, days: number): string => new Date(Date.parse(`${day}T00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);

/** Gestational age in days on a day. */
export const ageOn = (dating: PregnancyDating, day: string): number => daysBetween(dating.zero, day);

/** By how many days a scan may differ from the last period, at the age by the last period. */
export const allowedDifference = (gaDays: number): number => ALLOWED.find(([upTo]) => gaDays <= upTo)?.[1] ?? ALLOWED_LATE;

/** The dating that holds, from the last period and all scans; null when neither is known. */
export function datePregnancy(lastPeriod: string | null, scans: readonly DatingScan[]): PregnancyDating | null {
  const earliest = [...scans].sort((a, b) => (a.day < b.day ? -1 : a.day > b.day ? 1 : a.ga_days - b.ga_days))[0];
  if (lastPeriod === null) return earliest ? byScan(earliest, "scan_only") : null;
  if (!earliest) return byLastPeriod(lastPeriod, "lmp_only");
  const byPeriod = daysBetween(lastPeriod, earliest.day);
  const differs = round(earliest.ga_days, 0) - byPeriod, allowed = allowedDifference(byPeriod);
  return Math.abs(differs) > allowed ? byScan(earliest, "lmp_differs", differs, allowed) : byLastPeriod(lastPeriod, "lmp_agrees", differs, allowed);
}

function byScan(scan: DatingScan, reason: PregnancyDating["reason"], differs_days: number | null = null, allowed_days: number | null = null): PregnancyDating {
  const zero = dayAfter(scan.day, -round(scan.ga_days, 0));
  return { basis: "scan", zero, due: dayAfter(zero, DURATION_DAYS), equation: scan.equation, reason, differs_days, allowed_days, scan_day: scan.day };
}

function byLastPeriod(zero: string, reason: PregnancyDating["reason"], differs_days: number | null = null, allowed_days: number | null = null): PregnancyDating {
  return { basis: "last_period", zero, due: dayAfter(zero, DURATION_DAYS), equation: "", reason, differs_days, allowed_days, scan_day: null };
}
