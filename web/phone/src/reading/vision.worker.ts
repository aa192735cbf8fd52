import * as ort from "onnxruntime-web/wasm";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { Glance } from "./clip/bestFrames";
import type { RawReading } from "./judge";
import { cut } from "./clip/subgraph";

/** Runs the release's vision graph beside the page, so that nothing on it stands still. */
ort.env.wasm.wasmPaths = { wasm: new URL(wasm, self.location.href).href };
ort.env.wasm.numThreads = 1;

let session: ort.InferenceSession | null = null;
let survey: ort.InferenceSession | null = null; // the small part, made when it is first asked for
let graph: Uint8Array | null = null;

interface Load { id: number; graph: ArrayBuffer }
interface Run { id: number; pixels: Uint8Array; side: number; glance?: boolean }

self.onmessage = async ({ data }: MessageEvent<Load | Run>) => {
  try {
    if ("graph" in data) {
      graph = new Uint8Array(data.graph);
      session = await ort.InferenceSession.create(graph, { executionProviders: ["wasm"] });
      self.postMessage({ id: data.id });
      return;
    }
    if (data.glance && graph) {
      survey = await ort.InferenceSession.create(cut(graph, ["PLANE", "SCOPE", "QUALITY"]), { executionProviders: ["wasm"] });
      graph = null; // a phone's memory is small
    }
    const out = await (data.glance ? survey! : session!).run({ IMAGE: new ort.Tensor("uint8", data.pixels, [1, data.side, data.side]) });
    const floats = (name: string): Float32Array => {
      const values = out[name]?.data as Float32Array | undefined;
      if (!values || values.length === 0 || !values.every(Number.isFinite)) throw new Error("invalid_model_output");
      return values;
    };
    const seen: Glance = { plane: floats("PLANE"), scope: floats("SCOPE")[0]!, quality: floats("QUALITY")[0]! };
    if (data.glance) {
      self.postMessage({ id: data.id, seen });
      return;
    }
    const raw: RawReading = {
      ...seen, masks: floats("MASKS"), boxes: floats("BOXES"), keypoints: floats("KEYPOINTS"),
      subplane: "SUBPLANE" in out ? floats("SUBPLANE") : null,
    };
    self.postMessage({ id: data.id, raw });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};
