import { defineConfig } from "vite";
import { catalogue } from "../catalogue.ts";
import { sources } from "../sources.ts";

/** The hub's pages. `dist` is committed, so that a hub runs without Node; `sources.sha256` in it says
 * from which sources it was built, and a test holds it against them. */
export default defineConfig({
  base: "/",
  plugins: [catalogue(), sources(import.meta.dirname)],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0, // the content security policy knows no data: styles or scripts
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
});
