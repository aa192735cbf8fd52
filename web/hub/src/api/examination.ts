import type { PregnancyDating } from "@fada/shared/examination/pregnancy";
import type { ExaminationSummary } from "@fada/shared/examination/summary";
import type { StudyRow } from "@fada/shared/api/types";

/** What the gateway says of an examination: one study read as one, with what people entered. A part that this hub
 * does not offer is undefined. */
export interface Examination {
  summary: ExaminationSummary;
  /** Of several fetuses, the summary of each. */
  fetuses?: { fetus: string; summary: ExaminationSummary }[];
  earlier: EarlierExamination[];
  patient?: Patient | null;
  clash?: Clash | null;
  pregnancy?: Pregnancy | null;
  facts?: FactsVersion;
  /** Undefined for whoever has a link alone. */
  said?: Said[];
  /** First day of the last period that dates the pregnancy. */
  last_period?: string | null;
  order?: MetOrder | null;
  /** As the images' header says; empty where it does not. Undefined for whoever has a link alone. */
  acquired?: { machine: string; operator: string };
  state?: { quiet_until: string | null; reading: boolean; complete: boolean };
}

export interface EarlierExamination {
  /** Undefined for whoever has a link alone. */
  study?: StudyRow;
  day?: string | null;
  ga_days?: number | null;
  mm: Record<string, number>;
  grams?: number | null;
  fetuses?: Record<string, { mm: Record<string, number>; grams: number | null }>;
  summary?: ExaminationSummary;
}

export interface Patient { id: string; number: string; name: string; birth_date: string | null }
export interface Pregnancy { id: string; last_period: string | null; fetuses: number | null; examinations: number }
export interface Clash { fields: { field: string; recorded: string; received: string }[] }

/** The facts of one source on one day. */
export interface Said { kind: "person" | "phone" | "order" | "images"; name: string; at: string | null; facts: string[] }
/** `reason` is the indication where nobody entered one. */
export interface MetOrder { accession: string; reason: string; at: string }

/** Facts are versions: a change is based on the version that was seen. */
export interface FactsVersion { version: number; author: string | null; author_name: string | null; at: string | null; values: Facts }

export type Seen = "seen" | "not_seen" | "not_looked_at";

/** What people say about an examination; what is left out is not assessed. */
export interface Facts {
  last_period?: string | null;
  indication?: string | null;
  parity?: { gravida: number | null; para: number | null } | null;
  fetuses?: number | null;
  presentation?: string | null;
  heart_activity?: string | null;
  heart_rate?: number | null;
  placenta?: { site: string | null; low: boolean | null } | null;
  fluid?: { kind: string; mm: number } | null;
  fluid_impression?: string | null;
  anatomy?: Record<string, Seen>;
  impression?: string | null;
  comment?: string | null;
  chosen?: Record<string, { sop_uid: string; frame: number }>;
  /** Of several fetuses, which one an image shows. */
  fetus_images?: Record<string, string>;
}

/** The curves of one measure on the charts that hold it: values by exact weeks. */
export interface GrowthCurves { measure: string; charts: GrowthCurve[] }
export interface GrowthCurve {
  chart: string; unit: string; weeks: number[];
  p3: number[]; p10: number[]; p50: number[]; p90: number[]; p97: number[];
}

/** A woman with her pregnancies, newest first, each with its examinations, newest first. */
export interface PatientRecord extends Patient { pregnancies: RecordedPregnancy[] }
export interface RecordedPregnancy { id: string | null; last_period: string | null; dating: PregnancyDating | null; examinations: RecordedExamination[] }
export interface RecordedExamination { study: StudyRow; day: string | null; ga_days: number | null; mm: Record<string, number>; grams: number | null }
