// Runs functions of the pages' modules for tests in other languages: a JSON list of
// {module, call, args} on standard input, the list of their answers on standard output.
import { readFileSync } from "node:fs";
import { runnerImport } from "vite";

const asked = JSON.parse(readFileSync(0, "utf8"));
const loaded = new Map();
const answers = [];
for (const { module, call, args } of asked) {
  if (!loaded.has(module)) {
    const path = new URL(`../src/${module}`, import.meta.url).pathname;
    loaded.set(module, (await runnerImport(path, { configFile: false, logLevel: "error" })).module);
  }
  answers.push(await loaded.get(module)[call](...args));
}
process.stdout.write(JSON.stringify(answers, (_, value) => (ArrayBuffer.isView(value) ? Array.from(value) : value)));
