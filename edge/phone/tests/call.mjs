// Runs functions of the phone's modules for tests in other languages: a JSON list of {module, call, args} on
// standard input, the list of their answers on standard output. {"base64": "..."} stands for bytes.
import { text } from "node:stream/consumers";
import { runnerImport } from "vite";

const source = new URL("../src/", import.meta.url).pathname;
const hub = new URL("../../../gateway/web/src", import.meta.url).pathname;
const asked = JSON.parse(await text(process.stdin), (_, value) => (typeof value?.base64 === "string" ? new Uint8Array(Buffer.from(value.base64, "base64")) : value));
const loaded = new Map();
const answers = [];
for (const { module, call, args } of asked) {
  if (!loaded.has(module)) {
    const path = module.startsWith("@") ? module.replace("@tests", new URL(".", import.meta.url).pathname) : source + module;
    loaded.set(module, (await runnerImport(path, { configFile: false, logLevel: "error", resolve: { alias: { "@hub": hub, "@phone": source } } })).module);
  }
  try {
    answers.push(await loaded.get(module)[call](...args));
  } catch (reason) {
    answers.push({ refused: reason?.code ?? String(reason) });
  }
}
const told = (_, value) => (value instanceof Uint8Array ? { base64: Buffer.from(value).toString("base64") } : ArrayBuffer.isView(value) ? Array.from(value) : value);
process.stdout.write(JSON.stringify(answers, told));
