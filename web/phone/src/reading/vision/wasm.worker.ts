import * as ort from "onnxruntime-web/wasm";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import { serve } from "./serve";

/** Runs the release's vision graph on the processor, beside the page, so that nothing on it stands still. */
const here = (path: string): string => new URL(path, self.location.href).href;
ort.env.wasm.wasmPaths = { wasm: here(wasm), mjs: here(mjs) };

serve(ort, (graph, threads) => {
  ort.env.wasm.numThreads = threads;
  return ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
});
