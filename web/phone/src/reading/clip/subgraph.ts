/** A part of an ONNX graph as a graph of its own, for any image size, as the hub cuts it (services/reading/subgraph.py):
 * protobuf's wire format, of which it needs seven field numbers. */

const GRAPH = 7, NODE = 1, INITIALIZER = 5, INPUT = 11, OUTPUT = 12, VALUE_INFO = 13;
const NODE_INPUT = 1, NODE_OUTPUT = 2, TENSOR_NAME = 8, FLOAT = 1, UINT8 = 2;

interface Field { number: number; kind: number; payload: Uint8Array }

/** The graph that leads from IMAGE, uint8 [N, H, W], to `outputs`. @throws Error("release_refused") where nothing gives them. */
export function cut(graph: Uint8Array, outputs: readonly string[]): Uint8Array {
  return join(fields(graph).map((f) => field(f.number, f.kind, f.number === GRAPH ? cutGraph(f.payload, outputs) : f.payload)));
}

function cutGraph(graph: Uint8Array, outputs: readonly string[]): Uint8Array {
  const all = fields(graph), nodes = all.filter((f) => f.number === NODE).map((f) => f.payload);
  const makers = new Map(nodes.flatMap((node, n) => names(node, NODE_OUTPUT).map((name) => [name, n] as const)));
  const kept = new Set<number>(), needed = new Set<string>(), waiting = [...outputs];
  if (outputs.some((name) => !makers.has(name))) throw new Error("release_refused");
  while (waiting.length > 0) {
    const name = waiting.pop()!, maker = makers.get(name);
    needed.add(name);
    if (maker === undefined || kept.has(maker)) continue;
    kept.add(maker);
    waiting.push(...names(nodes[maker]!, NODE_INPUT));
  }
  const gone = new Set([NODE, INITIALIZER, INPUT, OUTPUT, VALUE_INFO]);
  return join([
    ...nodes.filter((_, n) => kept.has(n)).map((node) => field(NODE, 2, node)),
    ...all.filter((f) => !gone.has(f.number) || (f.number === INITIALIZER && needed.has(names(f.payload, TENSOR_NAME)[0]!))).map((f) => field(f.number, f.kind, f.payload)),
    field(INPUT, 2, value("IMAGE", UINT8, ["N", "H", "W"])),
    ...outputs.map((name) => field(OUTPUT, 2, value(name, FLOAT, []))),
  ]);
}

function value(name: string, kind: number, dims: readonly string[]): Uint8Array {
  const shape = dims.length > 0 ? field(2, 2, join(dims.map((d) => field(1, 2, field(2, 2, bytes(d)))))) : new Uint8Array();
  const tensor = join([field(1, 0, new Uint8Array([kind])), shape]);
  return join([field(1, 2, bytes(name)), field(2, 2, field(1, 2, tensor))]);
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const names = (message: Uint8Array, wanted: number): string[] =>
  fields(message).filter((f) => f.number === wanted && f.kind === 2).map((f) => new TextDecoder().decode(f.payload));

function fields(message: Uint8Array): Field[] {
  const parsed: Field[] = [];
  for (let at = 0; at < message.length;) {
    const [key, after] = varint(message, at), kind = key & 7;
    let start = after, size = kind === 1 ? 8 : kind === 5 ? 4 : message.length;
    if (kind === 2) [size, start] = varint(message, after);
    if (kind === 0) size = varint(message, after)[1] - after;
    if (start + size > message.length) throw new Error("release_refused");
    parsed.push({ number: Math.floor(key / 8), kind, payload: message.subarray(start, start + size) });
    at = start + size;
  }
  return parsed;
}

function field(number: number, kind: number, payload: Uint8Array): Uint8Array {
  const head = encoded(number * 8 + kind);
  return join(kind === 2 ? [head, encoded(payload.length), payload] : [head, payload]);
}

/** [value, where it ends]; by multiplication, since a value may be longer than 32 bits. */
function varint(data: Uint8Array, from: number): [number, number] {
  let result = 0, weight = 1, at = from;
  for (;;) {
    if (at >= data.length) throw new Error("release_refused");
    const byte = data[at++]!;
    result += (byte & 0x7f) * weight;
    weight *= 128;
    if (byte < 0x80) return [result, at];
  }
}

function encoded(number: number): Uint8Array {
  const parts: number[] = [];
  let rest = number;
  for (; rest > 0x7f; rest = Math.floor(rest / 128)) parts.push((rest & 0x7f) | 0x80);
  return new Uint8Array([...parts, rest]);
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
