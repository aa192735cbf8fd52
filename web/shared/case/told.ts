import { type Key, language, t } from "../i18n";

/** The model's sentences (services/reading/text/finding_words.py, models/text/sentences.py) in the language that is shown: they
 * are a closed set, so that templates can say each in another language. What is not of that set stays as it is. */

const WHOLE: Record<string, Key> = {
  "Axial plane of the fetal head": "told.head_plane",
  "Transverse plane of the fetal abdomen": "told.abdomen_plane",
  "Longitudinal plane of the fetal femur": "told.femur_plane",
  "Plane of the fetal thorax": "told.thorax_plane",
  "Mid-sagittal NT view of the fetal head and neck": "told.nt_plane",
  "Transperineal plane in labour": "told.intrapartum_plane",
  "No structure found": "told.no_structure",
  "Long axis of the head horizontal in the image": "told.axis_horizontal",
  "Long axis of the head oblique in the image": "told.axis_oblique",
  "Long axis of the head vertical in the image": "told.axis_vertical",
  "Face towards the left of the image": "told.face_left",
  "Face towards the right of the image": "told.face_right",
  "Not determined": "told.not_determined",
  None: "told.none",
  Good: "told.good",
  Reduced: "told.reduced",
  Poor: "told.poor",
  "Not stated: needs a calibrated measurement": "told.no_age",
  "Not assessed": "told.not_assessed",
  "Measure the angle of progression": "told.measure_angle",
  "No measurement in this plane": "told.no_measurement",
  "Review by a trained person": "told.review",
};

const LISTS: Record<string, Key> = {
  Unclear: "told.unclear", "Cut off": "told.cut", "Not found": "told.missing", "Looked at": "told.looked_at",
};

const NAMES: Record<string, Key> = {
  "fetal head": "pdf.fetal_head", "skull outline": "told.skull", "cavum septi pellucidi": "pdf.CSP", "lateral ventricle": "pdf.lateral_ventricle",
  "fetal abdomen": "pdf.abdomen", abdomen: "pdf.abdomen", "fetal femur": "pdf.femur", femur: "pdf.femur", "fetal thorax": "pdf.thorax", thorax: "pdf.thorax",
  "pubic symphysis": "pdf.pubic_symphysis", "nt view": "pdf.nt_view", "nuchal translucency": "pdf.NT", "nasal bone": "pdf.nasal_bone",
  "nasal tip": "pdf.nasal_tip", "nasal skin": "pdf.nasal_skin", palate: "pdf.palate", thalami: "pdf.thalami", midbrain: "pdf.midbrain",
  "intracranial translucency": "pdf.IT", "cisterna magna": "pdf.CM",
};

const MEASURES = new Set(["HC", "BPD", "OFD", "AC", "FL", "NT", "AoP"]);

type Say = (key: Key, values?: Record<string, string>) => string;

/** A field of the interpretation in the language that is shown, sentence by sentence; where one is not known, as it stands. */
export const inLanguage = (field: string): string => (language() === "en" ? field : translated(field, t));

/** The same in the language that `say` speaks. */
export function translated(field: string, say: Say): string {
  if (!field.endsWith(".")) return field;
  return field.slice(0, -1).split(". ").map((sentence) => told(sentence, say) ?? `${sentence}.`).join(" ");
}

function told(sentence: string, say: Say): string | null {
  if (Object.hasOwn(WHOLE, sentence)) return say(WHOLE[sentence]!);
  const measure = /^Measure (\w+) on a calibrated image$/.exec(sentence)?.[1];
  if (measure && MEASURES.has(measure)) return say("told.measure", { name: measure });
  const whole = /^Repeat with the whole (.+) in view$/.exec(sentence)?.[1], one = whole ? names(whole, say) : null;
  if (one) return say("told.repeat", { name: one });
  const [word, listed] = sentence.split(": ");
  if (listed !== undefined && Object.hasOwn(LISTS, word!)) {
    const list = names(listed, say);
    return list && say(LISTS[word!]!, { names: list });
  }
  if (sentence.split(", ").every((part) => MEASURES.has(part))) return `${sentence}.`;
  const list = names(sentence, say), stop = say("told.none").slice(-1);
  return list && `${list[0]!.toUpperCase()}${list.slice(1)}${stop}`;
}

/** Names; null where one of them is not known. */
function names(list: string, say: Say): string | null {
  const keys = list.split(/, | and /).map((name) => NAMES[name.toLowerCase()]);
  return keys.every((key) => key !== undefined) ? keys.map((key) => say(key)).join(", ") : null;
}
