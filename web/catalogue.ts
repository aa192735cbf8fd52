import type { Plugin } from "vite";

const OF_THE_HUB = /^(?:notes|notice)\./;

/** Leaves out of a language's file what no page shows: notes to those who check it, and notices. */
export function catalogue(): Plugin {
  return {
    name: "catalogue",
    enforce: "pre",
    transform(text, id) {
      if (!/\/shared\/i18n\/[a-z]+\.json$/.test(id)) return null;
      const shown = Object.entries(JSON.parse(text) as Record<string, string>).filter(([key]) => !OF_THE_HUB.test(key));
      return { code: JSON.stringify(Object.fromEntries(shown)), map: null };
    },
  };
}
