import * as ort from "onnxruntime-web/wasm";
import wasm from "onnxruntime-web/ort-wasm-simd-threaded.wasm?url";
import type { RawReading } from "./judge";

/** Runs the release's vision graph beside the page, so that nothing on it stands still. */
ort.env.wasm.wasmPaths = { wasm: new URL(wasm, self.location.href).href };
ort.env.wasm.numThreads = 1;

let session: ort.InferenceSession | null = null;

interface Load { id: number; graph: ArrayBuffer }
interface Run { id: number; pixels: Uint8Array; side: number }

self.onmessage = async ({ data }: MessageEvent<Load | Run>) => {
  try {
    if ("graph" in data) {
      session = await ort.InferenceSession.create(data.graph, { executionProviders: ["wasm"] });
      self.postMessage({ id: data.id });
      return;
    }
    const out = await session!.run({ IMAGE: new ort.Tensor("uint8", data.pixels, [1, data.side, data.side]) });
    const floats = (name: string): Float32Array => {
      const values = out[name]?.data as Float32Array | undefined;
      if (!values || values.length === 0 || !values.every(Number.isFinite)) throw new Error("invalid_model_output");
      return values;
    };
    const raw: RawReading = {
      plane: floats("PLANE"), scope: floats("SCOPE")[0]!, quality: floats("QUALITY")[0]!,
      masks: floats("MASKS"), boxes: floats("BOXES"), keypoints: floats("KEYPOINTS"),
    };
    self.postMessage({ id: data.id, raw });
  } catch (error) {
    self.postMessage({ id: data.id, error: String(error) });
  }
};
