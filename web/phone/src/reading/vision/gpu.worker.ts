import * as ort from "onnxruntime-web/jspi";
import mjs from "onnxruntime-web/ort-wasm-simd-threaded.jspi.mjs?url";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.jspi.wasm?url";
import { serve } from "./serve";

/** Runs the release's vision graph by WebGPU. Its files are fetched by phones that have it, and by no others. */
const here = (path: string): string => new URL(path, self.location.href).href;
ort.env.wasm.wasmPaths = { wasm: here(wasm), mjs: here(mjs) };
ort.env.wasm.numThreads = 1;

serve(ort, (graph) => ort.InferenceSession.create(graph, { executionProviders: ["webgpu"] }));
