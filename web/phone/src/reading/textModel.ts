import { Wllama } from "@wllama/wllama";
import wasm from "@wllama/wllama/esm/wasm/wllama.wasm?url";
import { FIELDS, type Interpretation, MAX_FIELD, parseInterpretation } from "./answers";
import { threads } from "./device";
import { borneOut, findingsOf, lineOf } from "./findings";
import { type Gray, png, resize } from "./image";
import type { RawReading } from "./judge";
import type { Manifest } from "./manifest";

const PLAIN = { type: "string", pattern: `^[ !#-\\[\\]-~]{1,${MAX_FIELD}}$` };

type Content = string | ({ type: "image"; data: ArrayBuffer } | { type: "text"; text: string })[];

const SECONDS = 60; // a text that takes longer is left out, and the report says so

/** The release's text model in the browser (llama.cpp): the eight fields, bound to their schema. */
export class TextModel {
  private readonly llama: Wllama;
  private readonly manifest: Manifest;

  private constructor(llama: Wllama, manifest: Manifest) {
    this.llama = llama;
    this.manifest = manifest;
  }

  /** `mmproj` is null where the model reads findings. */
  static async load(manifest: Manifest, text: Blob, mmproj: Blob | null): Promise<TextModel> {
    const llama = new Wllama({ default: new URL(wasm, location.href).href }, { allowOffline: true, suppressNativeLog: true });
    await llama.loadModel(mmproj ? [text, mmproj] : [text], { n_ctx: 2048, n_threads: threads(), n_gpu_layers: 0 });
    return new TextModel(llama, manifest);
  }

  close = (): Promise<void> => this.llama.exit();

  /** The interpretation of a square image, about the plane that the vision graph named: of the picture itself, or
   * of what the graph found in it. */
  async interpret(square: Gray, plane: string, raw: RawReading): Promise<Interpretation> {
    const { text_model: reads, preprocessing } = this.manifest;
    if (reads?.input === "findings") {
      const findings = findingsOf(raw, this.manifest, reads.words);
      return borneOut(await this.ask(plane, (prompt) => `${lineOf(findings)}\n${prompt}`), findings, reads.words);
    }
    const side = preprocessing.text_side!;
    const picture = await (await png(resize(square, side, side))).arrayBuffer();
    return this.ask(plane, (prompt) => [{ type: "image", data: picture }, { type: "text", text: prompt }]);
  }

  private async ask(plane: string, content: (prompt: string) => Content): Promise<Interpretation> {
    const { prompts, sentences } = this.manifest;
    const prompt = prompts.interpret_plane ? prompts.interpret_plane.replace("{plane}", plane) : (prompts.interpret ?? "");
    if (!prompt) return {};
    const closed = sentences?.[plane] ?? {};
    const schema = {
      type: "object", properties: Object.fromEntries(FIELDS.map((name) => [name, closed[name] ?? PLAIN])),
      required: FIELDS, additionalProperties: false,
    };
    const answer = await this.llama.createChatCompletion({
      messages: [{ role: "user", content: content(prompt) }],
      max_tokens: 1024, temperature: 0, top_k: 1, abortSignal: AbortSignal.timeout(SECONDS * 1000),
      response_format: { type: "json_schema", json_schema: { name: "interpretation", schema, strict: true } },
    });
    console.debug("interpret", JSON.stringify(answer.usage ?? {}));
    return parseInterpretation(answer.choices[0]?.message.content ?? "");
  }
}
