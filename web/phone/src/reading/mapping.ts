import type { Mapping } from "@fada/shared/api/types";

/** Phase 3, by rules alone: which structures to look for (services/domain/mapping.py). */

const GROUPS: Record<string, { structures: string[]; masks: string[] }> = {
  brain: { structures: ["Brain", "CSP", "LV"], masks: ["Brain"] },
  cardiac: { structures: ["cardiac", "thorax"], masks: ["cardiac", "thorax"] },
  nt_nasal: { structures: ["NT", "nasal_bone", "nasal_skin", "nasal_tip"], masks: ["NT"] },
  crl: { structures: ["B", "CRL", "H", "NB"], masks: [] },
  doppler: { structures: ["artery", "liver", "stomach", "vein"], masks: ["artery", "liver", "stomach", "vein"] },
  pelvimetry: { structures: ["fetal_head", "pubic_symphysis"], masks: ["fetal_head", "pubic_symphysis"] },
  body_full: { structures: ["abdomen", "arm", "head", "legs"], masks: [] },
  femur: { structures: ["legs"], masks: [] },
};
const SPECIFIC: Record<string, string> = {
  BPD_PLANE: "brain", AC_PLANE: "doppler", Abd_plane: "doppler", liver: "doppler", FL_PLANE: "femur", FL: "femur",
  Aorta: "cardiac", Flows: "cardiac", "V sign": "cardiac", "X sign": "cardiac", nt_view: "nt_nasal", thorax: "cardiac", femur: "femur",
};
const GENERIC: Record<string, string> = {
  head: "brain", abdomen: "doppler", legs: "femur", arms: "body_full", huvf: "body_full", huvb: "body_full", hdvf: "body_full", hdvb: "body_full",
};
const WEIGHTS: Record<string, number> = {
  biometric_measurements: 3, imaging_plane: 2.5, anatomical_structures: 1, fetal_orientation: 0.5, normality_assessment: 0.5,
  gestational_age: 0.3, clinical_recommendations: 0.3,
};
const PLANES: [RegExp, string][] = [
  [/nuchal|\bnt\b/, "nt_nasal"], [/crown.?rump|\bcrl\b/, "crl"], [/transperineal|pelvimetr|angle of progression/, "pelvimetry"],
  [/four.?chamber|outflow|three.?vessel|cardiac|heart|thora/, "cardiac"],
  [/trans(?:thalamic|ventricular|cerebellar)|biparietal|\bbpd\b|\bhc\b/, "brain"],
  [/axial plane of the (?:fetal )?head|head circumference|brain|cranial/, "brain"],
  [/femur|femoral|\bfl\b/, "femur"], [/abdom|\bac\b|doppler/, "doppler"],
];
const KEYWORDS: Record<string, RegExp[]> = {
  brain: [/\bhc\b/, /\bbpd\b/, /\bofd\b/, /head circumference/, /biparietal/, /brain/, /skull/, /thalam/, /cavum|\bcsp\b/, /ventric(?:le|ular)/, /cerebell/, /falx/, /midline/],
  cardiac: [/heart/, /cardiac/, /thora/, /chamber/, /aort/, /outflow/, /lung/],
  nt_nasal: [/\bnt\b/, /nuchal/, /nasal/, /translucency/],
  crl: [/\bcrl\b/, /crown.?rump/],
  doppler: [/\bac\b/, /abdominal circumference/, /abdom/, /liver/, /stomach/, /umbilical/, /doppler/, /artery/, /vein/],
  pelvimetry: [/pubic/, /symphysis/, /pelvi/, /transperineal/, /angle of progression/],
  femur: [/\bfl\b/, /femur/, /femoral/, /thigh/],
  body_full: [/whole body/, /whole fetus/, /body_full/, /limbs/],
};
const SAME: Record<string, string> = { Brain: "fetal_head", head: "fetal_head", H: "fetal_head", LV: "lateral_ventricle", NB: "nasal_bone" };

const own = (names: string[]): string[] => [...new Set([...names, ...names.flatMap((n) => SAME[n] ?? [])])];
const made = (group: string, reason: string): Mapping =>
  ({ group, structures: own(GROUPS[group]!.structures), masks: own(GROUPS[group]!.masks), reason });
const withoutNegations = (text: string): string =>
  text.toLowerCase().split(/[.;,]/).filter((clause) => !/^\s*(?:no|not|none|without)\b/.test(clause)).join(". ");

/** The structures and masks to look for on a plane `label`, and the rule that chose them. */
export function mapStructures(label: string, interpretation: Record<string, string>): Mapping {
  if (SPECIFIC[label]) return made(SPECIFIC[label], `label ${label}`);
  const plane = withoutNegations(interpretation["imaging_plane"] ?? "");
  const named = PLANES.find(([pattern]) => pattern.test(plane));
  if (named) return made(named[1], "plane named in the interpretation");
  const scores = Object.keys(GROUPS).map((group): [string, number] => [group, Object.entries(WEIGHTS).reduce((sum, [field, weight]) => {
    const text = withoutNegations(interpretation[field] ?? "");
    return text ? sum + weight * KEYWORDS[group]!.filter((word) => word.test(text)).length : sum;
  }, 0)]);
  const [best, score] = scores.reduce((most, one) => (one[1] > most[1] ? one : most));
  if (score >= 1) return made(best, `keywords, score ${score.toFixed(1)}`);
  if (GENERIC[label]) return made(GENERIC[label], `label ${label}`);
  return made("body_full", "nothing told which");
}
