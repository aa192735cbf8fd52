import type { Angle, FrameReading, Measurement, Structure } from "../api/types";
import type { Language } from "../i18n";
import { percent } from "../measurement/percent";
import { round } from "../measurement/round";
import type { Question } from "./question";
import table from "./words.json";

const structures: Record<string, { finds: string[]; measures?: string[]; words: Record<Language, string[]> }> = table.structures;
const ANGLES: Readonly<Record<string, string>> = { AoP: "angle", FemurAngle: "femur_angle" };
const OF_IMAGE = ["out_of_scope", "too_poor", "unknown_plane"];

/** Sentences about `reading` from its findings alone, as the hub answers (services/domain/questions/answer.py); `known` are the
 * labels that the release looks for, null for any, and `words` the texts of the language. */
export function answer(question: Question, reading: FrameReading | null, known: readonly string[] | null, language: Language, words: Readonly<Record<string, string>>): string {
  const say = (key: string, values: Record<string, string> = {}): string => words[`answer.${key}`]!.replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all);
  const nameOf = (label: string): string => {
    const name = structures[label]?.words[language][0] ?? label.replaceAll("_", " ");
    return name.slice(0, 1).toUpperCase() + name.slice(1);
  };
  if (question.declined || reading === null) return say(`declined_${question.declined || "domain"}`);

  const seen = (label: string, mine: Structure): string => {
    const how = question.task !== "segment" ? "found" : mine.polygon.length > 0 ? "outlined" : "no_outline";
    return say(how, { name: nameOf(label), sure: percent(mine.confidence) });
  };
  // Why, or that the release does not look for it: no release does where nothing finds it.
  const lacking = (why: string, key: string): string => {
    const able = structures[key]!.finds.some((label) => known === null || known.includes(label));
    return say(able ? why : "not_known", { name: nameOf(key) });
  };
  const find = (): string[] => {
    if (question.structures.length === 0) {
      return reading.structures.length > 0 ? reading.structures.map((s) => seen(s.label, s)) : [say("nothing_found")];
    }
    return question.structures.map((key) => {
      const labels = structures[key]!.finds, mine = reading.structures.find((s) => labels.includes(s.label));
      return mine ? seen(key, mine) : lacking("not_found", key);
    });
  };
  const plane = (): string[] => [reading.plane, reading.subplane].flatMap((one) => one
    ? [say("plane", { name: words[`answer.plane.${one.label}`] ?? one.label.replaceAll("_", " "), sure: percent(one.confidence) })] : []);
  const size = (m: Measurement): string => {
    if (m.mm === null) return say("uncalibrated", { name: m.name, value: round(m.px, 0).toFixed(0) });
    const range = m.mm_low !== null && m.mm_high !== null ? say("range", { low: m.mm_low.toFixed(1), high: m.mm_high.toFixed(1) }) : "";
    return say("measured", { name: m.name, value: m.mm.toFixed(1), range });
  };
  const sizes = (measurements: readonly Measurement[], angles: readonly Angle[]): string[] => {
    const byHand = measurements.some((m) => m.mm !== null && m.calibration === "scale_bar");
    return [...measurements.map(size), ...(byHand ? [say("by_hand")] : []), ...angles.map((a) => say(ANGLES[a.name] ?? "angle", { value: round(a.degrees, 0).toFixed(0) }))];
  };
  const measure = (): string[] => {
    const angles = reading.angles ?? [];
    if (question.structures.length === 0) {
      const all = sizes(reading.measurements, angles);
      return all.length > 0 ? all : [say("nothing_measured")];
    }
    return [...new Set(question.structures.flatMap((key) => {
      const names = structures[key]!.measures ?? [];
      const mine = sizes(reading.measurements.filter((m) => names.includes(m.name)), angles.filter((a) => names.includes(a.name)));
      return mine.length > 0 ? mine : [lacking("not_measured", key)];
    }))];
  };
  const age = (): string[] => reading.datings.length > 0 ? reading.datings.map((d) => say("age", { value: d.text, equation: d.equation })) : [say("no_age")];
  const quality = (): string[] => [say("quality", { value: percent(reading.quality) })];
  const tasks = { plane, detect: find, segment: find, measure, age, quality, describe: () => [...plane(), ...find(), ...measure(), ...quality()] };

  const why = reading.abstentions.find(([reason]) => OF_IMAGE.includes(reason))?.[0] ?? "";
  const still = question.task === "quality" && (why === "" || why === "too_poor");
  const said = why && !still ? [say(why)] : tasks[question.task as keyof typeof tasks]();
  if (question.unassessed || (question.task === "describe" && !why)) said.push(say("unassessed"));
  return said.join(" ");
}
