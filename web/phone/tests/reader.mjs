// Builds a page that holds the phone's reader alone: node reader.mjs FOLDER. It is measured against the hub's.
import { build } from "vite";

const here = (path) => new URL(path, import.meta.url).pathname;
const [out] = process.argv.slice(2);
if (!out) throw new Error("a folder is needed");
await build({
  root: here("reader"), base: "./", configFile: false, logLevel: "error",
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: { target: "es2022", outDir: out, emptyOutDir: true, assetsInlineLimit: 0, reportCompressedSize: false, chunkSizeWarningLimit: 8000 },
});
