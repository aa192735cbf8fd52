import { translated } from "@fada/shared/case/sentences";
import fr from "@fada/shared/i18n/fr.json";
import hi from "@fada/shared/i18n/hi.json";
import pt from "@fada/shared/i18n/pt.json";
import sw from "@fada/shared/i18n/sw.json";

const CATALOGUES = { fr, hi, pt, sw };

/** Fields of interpretations in a language. */
export const translations = (language: keyof typeof CATALOGUES, fields: string[]): string[] =>
  fields.map((field) => translated(field, (key, values = {}) => CATALOGUES[language][key].replace(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all)));
