import { defineConfig, type Plugin } from "vite";
import { catalogue } from "../catalogue.ts";
import { sources } from "../sources.ts";

/** What phones without WebGPU never fetch; the service worker keeps it where it was fetched. */
const ONLY_WITH_GPU = /gpu\.worker|jspi/;
const NO_PART = /^(sw\.js|sources\.sha256)$/;

/** Tells the service worker which files the app is made of. */
function shell(): Plugin {
  return {
    name: "shell",
    apply: "build",
    generateBundle(_, bundle) {
      const names = Object.keys(bundle).filter((name) => !NO_PART.test(name) && !ONLY_WITH_GPU.test(name));
      const later = Object.keys(bundle).filter((name) => ONLY_WITH_GPU.test(name)).map((name) => `./${name}`);
      const worker = bundle["sw.js"];
      if (worker?.type !== "chunk") throw new Error("there is no sw.js");
      const files = ["./", "./icon.svg", "./manifest.webmanifest", ...names.filter((n) => n !== "index.html").map((n) => `./${n}`)];
      worker.code = worker.code.replace("__SHELL__", () => JSON.stringify(files)).replace("__LATER__", () => JSON.stringify(later));
    },
  };
}

/** The phone's app, served by the hub under /field/. */
export default defineConfig({
  base: "/field/",
  plugins: [catalogue(), sources(import.meta.dirname), shell()],
  oxc: { jsx: { runtime: "automatic", importSource: "preact" } },
  worker: { format: "es" },
  build: {
    target: "es2022",
    outDir: "dist",
    emptyOutDir: true,
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000,
    rollupOptions: {
      input: { index: new URL("index.html", import.meta.url).pathname, sw: new URL("src/sw.ts", import.meta.url).pathname },
      output: { entryFileNames: (chunk) => (chunk.name === "sw" ? "sw.js" : "assets/[name]-[hash].js") },
    },
  },
});
