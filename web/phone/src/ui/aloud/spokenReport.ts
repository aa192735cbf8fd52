import type { FrameReading } from "@fada/shared/api/types";
import { code, language, t } from "@fada/shared/i18n";
import type { WholeExamination } from "@fada/shared/examination/examination";
import { scaledByHand } from "@fada/shared/examination/summary";

/** A voice of this phone for a language; null where it has none. */
export const voiceFor = (wanted: string): SpeechSynthesisVoice | null =>
  globalThis.speechSynthesis?.getVoices().find((voice) => voice.lang.toLowerCase().split(/[-_]/)[0] === wanted) ?? null;

/** What is said of a report: first whose word it is, then age, measures, what was not assessed. `label`: its mark. */
export function spokenReport(label: string, { whole, fetuses }: WholeExamination, reading: FrameReading | null): string {
  const said = [label];
  if (whole.ga_days !== null && whole.ga_days >= 0) said.push(`${t("measure.gestational_age")}: ${t("aloud.age", { weeks: Math.floor(whole.ga_days / 7), days: whole.ga_days % 7 })}`);
  if (reading?.plane) said.push(code("plane", reading.plane.label));
  for (const { fetus, summary } of fetuses.length > 0 ? fetuses : [{ fetus: "", summary: whole }]) {
    if (fetus) said.push(t("fetus.one", { letter: fetus }));
    for (const m of summary.measures) said.push(`${code("measure", m.measure)}: ${t("aloud.mm", { n: m.mm.toFixed(1) })}`);
    if (summary.measures.some((m) => m.counted.some(scaledByHand))) said.push(t("phone.exam_by_hand"));
    if (summary.not_assessed.length > 0) said.push(t("phone.exam_not_assessed", { what: summary.not_assessed.map((name) => code("measure", name)).join(", ") }));
  }
  return `${said.map((line) => line.replace(/[.:]\s*$/, "")).join(". ")}.`;
}

/** Says it in the language that is shown; `done` when it ended or was stopped. */
export function speakAloud(text: string, voice: SpeechSynthesisVoice, done: () => void): void {
  const words = new SpeechSynthesisUtterance(text);
  words.lang = voice.lang || language();
  words.voice = voice;
  words.onend = words.onerror = done;
  speechSynthesis.cancel();
  speechSynthesis.speak(words);
}
