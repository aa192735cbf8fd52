import type { InferenceSession, TensorConstructor } from "onnxruntime-web";
import type { Glance } from "../clip/bestFrames";
import { cut } from "../clip/subgraph";
import type { RawReading } from "../judge";

export interface Load { id: number; graph: ArrayBuffer; threads: number }
export interface Run { id: number; pixels: Uint8Array; side: number; glance?: boolean }
export type Answer = { id: number; raw?: RawReading; seen?: Glance; error?: string };
type Create = (graph: Uint8Array, threads: number) => Promise<InferenceSession>;

/** Answers the page's messages: a graph to load, pictures to run it on. */
export function serve({ Tensor }: { Tensor: TensorConstructor }, create: Create): void {
  let session: InferenceSession | null = null;
  let survey: InferenceSession | null = null; // the small part, made when it is first asked for
  let graph: Uint8Array | null = null;
  let threads = 1;

  const run = async (data: Run): Promise<Omit<Answer, "id">> => {
    if (data.glance && graph) {
      survey = await create(cut(graph, ["PLANE", "SCOPE", "QUALITY"]), threads);
      graph = null; // a phone's memory is small
    }
    const out = await (data.glance ? survey! : session!).run({ IMAGE: new Tensor("uint8", data.pixels, [1, data.side, data.side]) });
    const floats = (name: string): Float32Array => {
      const values = out[name]?.data as Float32Array | undefined;
      if (!values || values.length === 0 || !values.every(Number.isFinite)) throw new Error("invalid_model_output");
      return values;
    };
    const seen: Glance = { plane: floats("PLANE"), scope: floats("SCOPE")[0]!, quality: floats("QUALITY")[0]! };
    if (data.glance) return { seen };
    return { raw: { ...seen, masks: floats("MASKS"), boxes: floats("BOXES"), keypoints: floats("KEYPOINTS"), subplane: "SUBPLANE" in out ? floats("SUBPLANE") : null } };
  };

  self.onmessage = async ({ data }: MessageEvent<Load | Run>) => {
    try {
      if ("graph" in data) {
        graph = new Uint8Array(data.graph);
        threads = data.threads;
        session = await create(graph, threads);
        self.postMessage({ id: data.id });
      } else self.postMessage({ id: data.id, ...(await run(data)) });
    } catch (error) {
      self.postMessage({ id: data.id, error: String(error) });
    }
  };
}
