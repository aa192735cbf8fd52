import { Wllama } from "@wllama/wllama";
import wasm from "@wllama/wllama/esm/wasm/wllama.wasm?url";
import { FIELDS, type Interpretation, MAX_FIELD, parseInterpretation } from "./answers";
import { threads } from "./device";
import type { Manifest } from "./manifest";

const PLAIN = { type: "string", pattern: `^[ !#-\\[\\]-~]{1,${MAX_FIELD}}$` };

const SECONDS = 60; // a text that takes longer is left out, and the report says so

/** The release's text model in the browser (llama.cpp): the eight fields, bound to their schema. */
export class TextModel {
  private readonly llama: Wllama;
  private readonly manifest: Manifest;

  private constructor(llama: Wllama, manifest: Manifest) {
    this.llama = llama;
    this.manifest = manifest;
  }

  static async load(manifest: Manifest, text: Blob, mmproj: Blob): Promise<TextModel> {
    const llama = new Wllama({ default: new URL(wasm, location.href).href }, { allowOffline: true, suppressNativeLog: true });
    await llama.loadModel([text, mmproj], { n_ctx: 2048, n_threads: threads(), n_gpu_layers: 0 });
    return new TextModel(llama, manifest);
  }

  close = (): Promise<void> => this.llama.exit();

  /** The interpretation of a square image, prompted with the plane that the vision graph named. */
  async interpret(picture: Blob, plane: string): Promise<Interpretation> {
    const { prompts, sentences } = this.manifest;
    const prompt = prompts.interpret_plane ? prompts.interpret_plane.replace("{plane}", plane) : (prompts.interpret ?? "");
    if (!prompt) return {};
    const closed = sentences?.[plane] ?? {};
    const schema = {
      type: "object", properties: Object.fromEntries(FIELDS.map((name) => [name, closed[name] ?? PLAIN])),
      required: FIELDS, additionalProperties: false,
    };
    const answer = await this.llama.createChatCompletion({
      messages: [{ role: "user", content: [{ type: "image", data: await picture.arrayBuffer() }, { type: "text", text: prompt }] }],
      max_tokens: 1024, temperature: 0, top_k: 1, abortSignal: AbortSignal.timeout(SECONDS * 1000),
      response_format: { type: "json_schema", json_schema: { name: "interpretation", schema, strict: true } },
    });
    console.debug("interpret", JSON.stringify(answer.usage ?? {}));
    return parseInterpretation(answer.choices[0]?.message.content ?? "");
  }
}
