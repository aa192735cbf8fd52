// Runs functions of the TypeScript modules for tests in other languages: a JSON list of {module, call, args} on
// standard input (module: a path in web/), the list of their answers on standard output. {"base64": "..."} stands for bytes.
import { text } from "node:stream/consumers";
import { runnerImport } from "vite";

const root = new URL("../", import.meta.url).pathname;
const calls = JSON.parse(await text(process.stdin), (_, value) => (typeof value?.base64 === "string" ? new Uint8Array(Buffer.from(value.base64, "base64")) : value));
const loaded = new Map();
const answers = [];
for (const { module, call, args } of calls) {
  if (!loaded.has(module)) {
    loaded.set(module, (await runnerImport(root + module, { configFile: false, root, logLevel: "error" })).module);
  }
  try {
    answers.push(await loaded.get(module)[call](...args));
  } catch (reason) {
    answers.push({ refused: reason?.code ?? String(reason) });
  }
}
const toJson = (_, value) => (value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : ArrayBuffer.isView(value) ? Array.from(value) : value);
process.stdout.write(JSON.stringify(answers, toJson));
