import type { Details } from "./details";
import { takenAt } from "./ids";

/** Days that a case knows by itself, `2026-01-31`; absent in cases of earlier releases of this app. */
export interface CaseDays { id: string; imageDay?: string; capturedDay?: string }

/** A day on this phone's calendar, `2026-01-31`. */
export const isoDay = (at: Date): string => [at.getFullYear(), at.getMonth() + 1, at.getDate()].map((n) => String(n).padStart(2, "0")).join("-");

/** The day of the capture, by this phone's clock. */
export const capturedDay = (of: CaseDays): string => of.capturedDay ?? isoDay(takenAt(of.id));

/** The day of the examination: that of its images, else what a person says, else the day of the capture. */
export const examinationDay = (of: CaseDays, details: Pick<Details, "study_date">): string =>
  of.imageDay || details.study_date || capturedDay(of);
