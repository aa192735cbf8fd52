import { type Key, language, t } from "../i18n";
import tables from "../i18n/sentences.json";

/** The model's sentences (services/reading/text/finding_words.py, models/text/sentences.py) in the language that is shown: they
 * are a closed set, so that templates can say each in another language; services/domain/language/sentences.py does the same. What is not
 * of that set stays as it is. */

const WHOLE: Readonly<Record<string, string>> = tables.whole, LISTS: Readonly<Record<string, string>> = tables.lists;
const NAMES: Readonly<Record<string, string>> = tables.names, MEASURES = new Set(tables.measures);
const AGE = /^(\d+w \d+d) by (.+)$/;

type Say = (key: Key, values?: Record<string, string>) => string;

/** A field of the interpretation in the language that is shown, sentence by sentence; where one is not known, as it stands. */
export const inLanguage = (field: string): string => (language() === "en" ? field : translated(field, t));

/** The same in the language that `say` speaks. */
export function translated(field: string, say: Say): string {
  if (!field.endsWith(".")) return field;
  return field.slice(0, -1).split(". ").map((sentence) => translatedSentence(sentence, say) ?? `${sentence}.`).join(" ");
}

function translatedSentence(sentence: string, say: Say): string | null {
  if (Object.hasOwn(WHOLE, sentence)) return say(WHOLE[sentence] as Key);
  const age = AGE.exec(sentence);
  if (age) return say("told.age_by", { age: age[1]!, equation: age[2]! });
  const measure = /^Measure (\w+) on a calibrated image$/.exec(sentence)?.[1];
  if (measure && MEASURES.has(measure)) return say("told.measure", { name: measure });
  const whole = /^Repeat with the whole (.+) in view$/.exec(sentence)?.[1], one = whole ? names(whole, say) : null;
  if (one) return say("told.repeat", { name: one });
  const [word, listed] = sentence.split(": ");
  if (listed !== undefined && Object.hasOwn(LISTS, word!)) {
    const list = names(listed, say);
    return list && say(LISTS[word!] as Key, { names: list });
  }
  if (sentence.split(", ").every((part) => MEASURES.has(part))) return `${sentence}.`;
  const list = names(sentence, say), stop = say("told.none").slice(-1);
  return list && `${list[0]!.toUpperCase()}${list.slice(1)}${stop}`;
}

/** Names; null where one of them is not known. */
function names(list: string, say: Say): string | null {
  const keys = list.split(/, | and /).map((name) => NAMES[name.toLowerCase()]);
  return keys.every((key) => key !== undefined) ? keys.map((key) => say(key as Key)).join(", ") : null;
}
