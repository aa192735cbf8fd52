import type { RawReading } from "../judge";
import { gpuTried, mayTryGpu, threads } from "../device";
import type { Glance } from "../clip/bestFrames";
import type { Answer } from "./serve";

/** How the graph is run: `threads` on the processor, or by WebGPU; and what is known of WebGPU on this phone. */
export interface Runs { on: "wasm" | "webgpu"; threads: number; gpu: "none" | "tried" | "failed" | "differs" | "slower" | "used" }
type Message = { graph: ArrayBuffer; threads: number } | { pixels: Uint8Array; side: number; glance?: boolean };

const TOLERANCE = 0.01;
const LEAST_MS = 15_000;
const PATIENCE = 50; // times what the processor needs, before WebGPU counts as failed

/** A worker that holds the graph. */
class Graph {
  private readonly worker: Worker;
  private readonly open = new Map<number, (answer: Answer) => void>();
  private requests = 0;

  constructor(worker: Worker) {
    this.worker = worker;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => this.answered(data);
    worker.onerror = () => this.end("worker_failed");
  }

  async ask(message: Message): Promise<Answer> {
    const id = ++this.requests;
    const answer = await new Promise<Answer>((done) => {
      this.open.set(id, done);
      this.worker.postMessage({ id, ...message });
    });
    if (answer.error) throw new Error(answer.error);
    return answer;
  }

  /** Whether nothing is asked of it now. */
  idle = (): boolean => this.open.size === 0;

  end(why = "closed"): void {
    this.worker.terminate();
    for (const id of this.open.keys()) this.answered({ id, error: why });
  }

  private answered(answer: Answer): void {
    this.open.get(answer.id)?.(answer);
    this.open.delete(answer.id);
  }
}

/** A release's vision graph on what this phone has: on the processor at once; by WebGPU from when that was seen to say the
 * same, and faster. */
export class Vision {
  runs: Runs;
  private graph: Graph;
  private trial: Graph | null = null;

  private constructor(graph: Graph, runs: Runs) {
    [this.graph, this.runs] = [graph, runs];
  }

  /** With as many threads as there are cores to spare; with one where the browser starts none. */
  static async start(graph: ArrayBuffer): Promise<Vision> {
    for (const count of new Set([threads(), 1])) {
      const made = new Graph(new Worker(new URL("./wasm.worker.ts", import.meta.url), { type: "module" }));
      try {
        await made.ask({ graph, threads: count });
        return new Vision(made, { on: "wasm", threads: count, gpu: "none" });
      } catch (reason) {
        made.end();
        if (count === 1) throw reason;
      }
    }
    throw new Error("no thread");
  }

  /** Tries WebGPU beside what is read meanwhile; back when it is decided. `side`: of the squares that the graph takes. */
  async tryGpu(graph: ArrayBuffer, side: number): Promise<void> {
    if (!(await mayTryGpu())) return;
    gpuTried(true); // stays where the browser ends the app by it: then it is not tried again
    this.runs = { ...this.runs, gpu: "tried" };
    const trial = this.trial = new Graph(new Worker(new URL("./gpu.worker.ts", import.meta.url), { type: "module" }));
    const gpu = await this.compared(trial, graph, side);
    gpuTried(false);
    this.trial = null;
    if (gpu !== "used") {
      trial.end();
      this.runs = { ...this.runs, gpu };
      return;
    }
    const old = this.graph;
    [this.graph, this.runs] = [trial, { on: "webgpu", threads: 1, gpu }];
    while (!old.idle()) await new Promise((later) => setTimeout(later, 200));
    old.end();
  }

  private async compared(trial: Graph, graph: ArrayBuffer, side: number): Promise<Runs["gpu"]> {
    try {
      const here = await timed(this.graph, side);
      const there = await within(Math.max(LEAST_MS, PATIENCE * here.ms), trial.ask({ graph, threads: 1 }).then(() => timed(trial, side)));
      return !agree(here.raw, there.raw) ? "differs" : there.ms >= here.ms ? "slower" : "used";
    } catch (reason) {
      console.warn("no WebGPU:", reason instanceof Error ? reason.message.slice(0, 200) : "");
      return "failed";
    }
  }

  /** All that the graph gives for a square picture. */
  run = async (pixels: Uint8Array, side: number): Promise<RawReading> => (await this.graph.ask({ pixels, side })).raw!;

  /** Plane, scope and quality of a small copy; null where the graph has no such part. */
  glance = async (pixels: Uint8Array, side: number): Promise<Glance | null> => (await this.graph.ask({ pixels, side, glance: true }).catch(() => null))?.seen ?? null;

  close(): void {
    this.graph.end();
    this.trial?.end();
  }
}

/** A disc on a grey that rises: something to see, the same each time. */
function testPicture(side: number): Uint8Array {
  const pixels = new Uint8Array(side * side);
  for (let y = 0, i = 0; y < side; y++) for (let x = 0; x < side; x++, i++) pixels[i] = Math.hypot(x - side / 2, y - side / 2) < side / 3 ? 200 - ((x ^ y) & 31) : (x * 96) / side;
  return pixels;
}

/** The second of two runs: the first one builds what it needs. */
async function timed(graph: Graph, side: number): Promise<{ raw: RawReading; ms: number }> {
  const pixels = testPicture(side);
  await graph.ask({ pixels, side });
  const began = performance.now(), { raw } = await graph.ask({ pixels, side });
  return { raw: raw!, ms: performance.now() - began };
}

/** Whether two runs say the same: no value further apart than a hundredth of the largest. */
export function agree(a: RawReading, b: RawReading): boolean {
  const parts = (raw: RawReading): Float32Array[] => [raw.plane, Float32Array.of(raw.scope, raw.quality), raw.masks, raw.boxes, raw.keypoints, raw.subplane ?? new Float32Array()];
  const others = parts(b);
  return parts(a).every((values, n) => {
    const other = others[n]!, largest = values.reduce((most, v) => Math.max(most, Math.abs(v)), 1);
    return values.length === other.length && values.every((v, i) => Math.abs(v - other[i]!) <= TOLERANCE * largest);
  });
}

async function within<T>(ms: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, no) => { timer = setTimeout(() => no(new Error("too slow")), ms); });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}
