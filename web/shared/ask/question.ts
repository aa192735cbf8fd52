import table from "./words.json";

/** What a question asks for, by rules alone, as the hub has them (services/domain/questions). */
export interface Question {
  task: "" | Task;
  structures: string[];
  phases: string[];
  declined: "" | "domain" | "sex";
  /** It asks whether something is normal, which nothing here assesses. */
  unassessed: boolean;
}
export type Task = "segment" | "age" | "measure" | "plane" | "quality" | "describe" | "detect";
type Words = Record<string, string[]>;

// In this order: a question that names several is taken for the first.
const PHASES: Record<Task, string[]> = {
  segment: ["classify", "map", "detect", "segment"],
  age: ["classify", "map", "detect", "segment"],
  measure: ["classify", "map", "detect", "segment"],
  plane: ["classify"],
  quality: ["classify"],
  describe: ["interpret", "classify", "map", "detect", "segment"],
  detect: ["classify", "map", "detect"],
};
const LENGTH = "CRL"; // named alone, its millimetres are asked for
const structures: Record<string, { finds: string[]; words: Words }> = table.structures;

/** The question in `text`, in any of the five languages. */
export function understand(text: string): Question {
  const none: Question = { task: "", structures: [], phases: [], declined: "", unassessed: false };
  if (says(text, table.sex)) return { ...none, declined: "sex" };
  const named = namedStructures(text), tasks: Record<Task, Words> = table.tasks;
  let task = (Object.keys(PHASES) as Task[]).find((name) => says(text, tasks[name]));
  if (task === "detect" && named.length === 0) task = undefined;
  if (task === undefined && named.length === 0) return { ...none, declined: "domain" };
  const chosen = task ?? (named.length === 1 && named[0] === LENGTH ? "measure" : "detect");
  return { task: chosen, structures: named, phases: PHASES[chosen], declined: "", unassessed: says(text, table.unassessed) };
}

const says = (text: string, words: Words): boolean => Object.values(words).flat().some((word) => holds(text.toLowerCase(), word));

function holds(said: string, word: string): boolean {
  if (/[\u0900-\u097f]/.test(word)) return said.includes(word);
  const start = word.replace(/\*$/, "").toLowerCase().replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`(?<![\\p{L}\\p{N}_])${start}${word.endsWith("*") ? "" : "(?![\\p{L}\\p{N}_])"}`, "u").test(said);
}

/** Longer names go first and are taken out: the head of a "fetal head" is not named twice. */
function namedStructures(text: string): string[] {
  let rest = text.toLowerCase();
  const mentioned = new Set<string>();
  const named = Object.entries(structures).flatMap(([key, { words }]) => Object.values(words).flat().map((word) => ({ word, key })));
  named.sort((a, b) => [...b.word].length - [...a.word].length || (a.word < b.word ? -1 : a.word > b.word ? 1 : 0));
  for (const { word, key } of named) {
    if (!holds(rest, word)) continue;
    rest = rest.replaceAll(word.replace(/\*$/, "").toLowerCase(), " ");
    mentioned.add(key);
  }
  return Object.keys(structures).filter((key) => mentioned.has(key));
}
