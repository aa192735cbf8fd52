import { useCallback, useEffect, useState } from "preact/hooks";
import type en from "./en.json";

/** Words of the interface in five languages. Numbers and units are never translated. */
export type Key = keyof typeof en;
export type Language = "en" | "fr" | "sw" | "hi" | "pt";
type Catalogue = Record<Key, string>;

/** The languages by their own names. */
export const LANGUAGES: Record<Language, string> = {
  en: "English", fr: "Français", sw: "Kiswahili", hi: "हिन्दी", pt: "Português",
};

const load: Record<Language, () => Promise<{ default: Catalogue }>> = {
  en: () => import("./en.json"),
  fr: () => import("./fr.json"),
  sw: () => import("./sw.json"),
  hi: () => import("./hi.json"),
  pt: () => import("./pt.json"),
};

const STORAGE_KEY = "fada.language";
const listeners = new Set<() => void>();
let words = {} as Catalogue;
let present: Language = "en";

function isLanguage(value: string | null | undefined): value is Language {
  return value !== null && value !== undefined && Object.hasOwn(LANGUAGES, value);
}

/** The language chosen before, else the first of the browser's that there is, else English. */
export function preferred(): Language {
  const stored = localStorage.getItem(STORAGE_KEY);
  if (isLanguage(stored)) return stored;
  return navigator.languages.map((tag) => tag.slice(0, 2)).find(isLanguage) ?? "en";
}

/** Loads a language and draws all in it; `keep` remembers it in this browser. */
export async function choose(language: Language, keep = true): Promise<void> {
  words = (await load[language]()).default;
  present = language;
  if (keep) localStorage.setItem(STORAGE_KEY, language);
  document.documentElement.lang = language;
  listeners.forEach((listener) => listener());
}

/** Its texts by their keys, for templates whose key is made up. */
export const catalogue = (): Readonly<Record<string, string>> => words;

/** The language that is shown. */
export const language = (): Language => present;

/** The plural category of a count, by the rules of CLDR; services/domain/language/plurals.py has the same. */
export const pluralCategory = (tag: Language, n: number): string => new Intl.PluralRules(tag).select(n);

/** The words for `key`; `{name}` in them is replaced by `values.name`. Where there is a singular (`key_one`), the number
 * `values.n` decides. */
export function t(key: Key, values: Record<string, string | number> = {}): string {
  const singular = `${key}_one` as Key, one = typeof values.n === "number" && singular in words && pluralCategory(present, values.n) === "one";
  return (words[one ? singular : key] ?? key).replace(/\{(\w+)\}/g, (all, name: string) => String(values[name] ?? all));
}

/** The words for a code of the system (`reason.urgent`), or the code itself when it is unknown. */
export function code(prefix: string, value: string): string {
  const key = `${prefix}.${value}` as Key;
  return words[key] ?? value.replaceAll("_", " ");
}

/** Draws the component again when another language is chosen. */
export function useLanguage(): Language {
  const [, redraw] = useState(0);
  useEffect(() => {
    const listener = (): void => redraw((n) => n + 1);
    listeners.add(listener);
    return () => void listeners.delete(listener);
  }, []);
  return present;
}

/** A sentence for the reader and its setter; it is kept as how it is said, so that it follows the language that is chosen. */
export function useSentence(): [string, (say: (() => string) | null) => void] {
  const [sentence, setSentence] = useState<{ say: () => string } | null>(null);
  const set = useCallback((say: (() => string) | null): void => setSentence(say && { say }), []);
  return [sentence?.say() ?? "", set];
}
