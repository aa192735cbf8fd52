import { compareVersions, type Manifest, type Release } from "../reading/manifest";
import type { HubClient, Identity } from "./hubClient";
import { keys, read, remove, write } from "../store/database";
import { waitsFor } from "./link";
import { sha256 } from "../case/ids";

interface StoredRelease { id: string; manifest: ArrayBuffer }

const PIECE = 1024 * 1024;
const WANTED = ["vision.onnx", "text.gguf", "mmproj.gguf"];
const MAX_BYTES = 2 * 2 ** 30;

/** A release that may not be used; the message is the problem's code. */
export class ReleaseRefused extends Error {}

/** RFC 8785: the bytes that were signed. */
export function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical((value as Record<string, unknown>)[key])}`).join(",")}}`;
  }
  return JSON.stringify(value);
}

const bytesOf = (text: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(text), (c) => c.charCodeAt(0));

/** @throws ReleaseRefused: nothing of it may be used. */
async function verify(raw: ArrayBuffer, trusted: readonly string[]): Promise<Manifest> {
  const document = JSON.parse(new TextDecoder().decode(raw)) as Manifest;
  if (document.format !== 1) throw new ReleaseRefused("release_unknown_format");
  const { signature, ...body } = document;
  for (const key of trusted) {
    const raw32 = bytesOf(key);
    if ((await sha256(raw32)).slice(0, 16) !== signature?.key || signature.algorithm !== "ed25519") continue;
    const known = await crypto.subtle.importKey("raw", raw32, { name: "Ed25519" }, false, ["verify"]);
    if (await crypto.subtle.verify({ name: "Ed25519" }, known, bytesOf(signature.value), new TextEncoder().encode(canonical(body)))) return document;
  }
  throw new ReleaseRefused("release_wrong_signature");
}

/** The release that is here; null before the first. Nothing is parsed before its hash is right. */
export async function activeRelease(who: Identity): Promise<Release | null> {
  const stored = await read<StoredRelease>("facts", "release");
  return stored ? assemble(stored, who) : null;
}

async function assemble(stored: StoredRelease, who: Identity): Promise<Release> {
  const manifest = await verify(stored.manifest, who.keys);
  const files: Record<string, Blob> = {};
  for (const name of WANTED) {
    const entry = manifest.files[name];
    if (!entry) continue;
    const blob = new Blob(await pieces(entry.sha256));
    if (blob.size !== entry.size || (await sha256(await blob.arrayBuffer())) !== entry.sha256) throw new ReleaseRefused("release_wrong_hash");
    files[name] = blob;
  }
  return { manifest, sha256: await sha256(stored.manifest), files };
}

async function pieces(hash: string): Promise<ArrayBuffer[]> {
  const parts: ArrayBuffer[] = [];
  for (let n = 0; ; n++) {
    const piece = await read<ArrayBuffer>("pieces", [hash, n]);
    if (!piece) return parts;
    parts.push(piece);
  }
}

/** Fetch the hub's release where it is newer, by pieces that stay when the line is cut. The active one
 * stays until `selfTest` has read a picture with the new one. A phone that can read waits for it as images wait: for a
 * network that costs nothing. */
export async function updateRelease(hub: HubClient, who: Identity, onProgress: (part: number) => void, selfTest: (release: Release) => Promise<void>): Promise<Release | null> {
  const listed = await hub.get<{ active: string | null }>("/api/sync/releases");
  const stored = await read<StoredRelease>("facts", "release");
  if (!listed.active || listed.active === stored?.id) return null;
  const raw = await (await hub.request(`/api/sync/releases/${listed.active}/manifest.json`)).arrayBuffer();
  const manifest = await verify(raw, who.keys);
  if (stored) {
    const now = await verify(stored.manifest, who.keys);
    if (now.name === manifest.name && compareVersions(manifest.version, now.version) < 0) throw new ReleaseRefused("release_older");
  }
  const wanted = WANTED.flatMap((name) => (manifest.files[name] ? [[name, manifest.files[name]] as const] : []));
  const total = wanted.reduce((sum, [, entry]) => sum + entry.size, 0);
  if (total > MAX_BYTES) throw new ReleaseRefused("too_large");
  if (stored && (await waitsFor(total))) return null;
  let done = 0;
  for (const [name, entry] of wanted) {
    for (let n = 0, at = 0; at < entry.size; n++, at += PIECE) {
      const length = Math.min(PIECE, entry.size - at);
      const here = await read<ArrayBuffer>("pieces", [entry.sha256, n]);
      if (here?.byteLength !== length) {
        const answer = await hub.request(`/api/sync/releases/${listed.active}/${name}`, {
          headers: { Range: `bytes=${at}-${at + length - 1}`, "If-Range": `"${entry.sha256}"` },
        });
        const piece = await answer.arrayBuffer();
        if (answer.status !== 206 || piece.byteLength !== length) throw new ReleaseRefused("incomplete_body");
        await write("pieces", piece, [entry.sha256, n]);
      }
      done += length;
      onProgress(done / total);
    }
  }
  const next: StoredRelease = { id: listed.active, manifest: raw };
  let opened: Release;
  try {
    opened = await assemble(next, who);
  } catch (reason) { // a damaged piece must not stay
    for (const [, entry] of wanted) await forget(entry.sha256);
    throw reason;
  }
  await selfTest(opened);
  await write("facts", next, "release");
  await clear(new Set(wanted.map(([, entry]) => entry.sha256)));
  return opened;
}

async function forget(hash: string): Promise<void> {
  for (const key of await keys("pieces")) if ((key as [string, number])[0] === hash) await remove("pieces", key);
}

async function clear(needed: ReadonlySet<string>): Promise<void> {
  for (const key of await keys("pieces")) if (!needed.has((key as [string, number])[0])) await remove("pieces", key);
}
