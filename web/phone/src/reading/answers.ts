import { tellsSex } from "@fada/shared/text/fetalSexFilter";
import type { Dating, Measurement } from "@fada/shared/api/types";

/** The words of the text model, held to the hub's rules (services/reading/text/prompting.py, judge.py, domain/fetal_sex_filter.py). */

/** The fields of an interpretation, in order. */
export const FIELDS = [
  "anatomical_structures", "fetal_orientation", "imaging_plane", "biometric_measurements",
  "gestational_age", "image_quality", "normality_assessment", "clinical_recommendations",
];
/** Characters of one field at most. */
export const MAX_FIELD = 240;
/** What stands in place of a text that may tell the fetal sex, and the flag of its frame. */
export const WITHHELD = "withheld", WITHHELD_FLAG = "text_withheld";
const NOT_STATED = "Not stated.";
export type Interpretation = Record<string, string>;

/** The eight fields. @throws when it is not that object, or a field is empty or too long. */
export function parseInterpretation(text: string): Interpretation {
  const parsed: unknown = JSON.parse(text);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) throw new Error("invalid_model_output");
  const fields = parsed as Record<string, unknown>;
  if (Object.keys(fields).length !== FIELDS.length) throw new Error("invalid_model_output");
  return Object.fromEntries(FIELDS.map((name) => {
    const value = fields[name];
    if (typeof value !== "string" || value.trim() === "" || value.trim().length > MAX_FIELD) throw new Error("invalid_model_output");
    return [name, value];
  }));
}

/** The same fields; a value that tells the fetal sex, or may, is replaced. */
export const withholdFetalSex = (words: Interpretation): Interpretation =>
  Object.fromEntries(Object.entries(words).map(([name, value]) => [name, tellsSex(value, true) ? WITHHELD : value]));

/** What was measured outranks what the text model, which sees no scale, could say of it: an image with millimetres needs no
 * calibration, and its age is what they date, or is not stated. */
export function withMeasured(words: Interpretation, measurements: readonly Measurement[], datings: readonly Dating[]): Interpretation {
  if (Object.keys(words).length === 0 || measurements.every((one) => one.mm === null)) return words;
  const ages = datings.map((d) => `${d.text} by ${d.equation}`).join(". ");
  const advice = (words["clinical_recommendations"] ?? "").split(". ");
  return {
    ...words, gestational_age: ages ? `${ages}.` : NOT_STATED,
    clinical_recommendations: advice.filter((s) => !s.includes("calibrated image")).join(". "),
  };
}
