import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, relative } from "node:path";
import type { Plugin } from "vite";

/** What an application is built from: its own folder and what both share. Tests are no part of it. */
const ROOTS = [
  "index.html", "package.json", "public", "src", "tsconfig.json", "vite.config.ts",
  "../package-lock.json", "../shared", "../sources.ts", "../catalogue.ts", "../tsconfig.base.json",
];

function* files(path: string): Generator<string> {
  if (!statSync(path).isDirectory()) yield path;
  else for (const name of readdirSync(path)) yield* files(join(path, name));
}

/** SHA-256 over `<sha256 of a file> <its path>\n` of every source, sorted by path. */
export function digest(root: string): string {
  const lines = ROOTS.filter((name) => existsSync(join(root, name))).flatMap((name) => [...files(join(root, name))])
    .map((path) => [relative(root, path).replaceAll("\\", "/"), readFileSync(path)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => `${createHash("sha256").update(bytes).digest("hex")} ${name}\n`);
  return createHash("sha256").update(lines.join("")).digest("hex");
}

/** Writes the digest of the sources beside what was built from them. */
export function sources(root: string): Plugin {
  return {
    name: "sources",
    apply: "build",
    generateBundle() {
      this.emitFile({ type: "asset", fileName: "sources.sha256", source: `${digest(root)}\n` });
    },
  };
}
