// Builds the phone's modules as one file, for tests that run them in a browser without the app around them.
import { build } from "vite";

const here = (path) => new URL(path, import.meta.url).pathname;
await build({
  configFile: false, root: here("."), logLevel: "error",
  build: { outDir: process.argv[2], emptyOutDir: false, target: "es2022", minify: false, rollupOptions: { output: { codeSplitting: false } }, lib: { entry: here("library.ts"), formats: ["es"], fileName: () => "library.js" } },
});
