import type { Case, CaseStore } from "../store/cases";
import { sha256 } from "../case/ids";
import { type HubKeys, type Identity, hubKeys } from "./hubClient";
import { bodyOf } from "./sync";

/** A case sealed for its hub, to be carried by anybody; the format is services/bundle.py's. */

const MAGIC = "FADACASE1\n", INFO = "fada-bundle-1", PREFIX = "fada-bundle-1:", RECEIPT = "fada-receipt-1:";
export const SUFFIX = ".fadacase";
const MOST_BYTES = 128 * 2 ** 20, BESIDE_IMAGES = 2 ** 20; // the hub's own limit; what a bundle holds beside its images
const text = (words: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(words);
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** Whether a file is a carried case. */
export const isBundle = async (file: Blob): Promise<boolean> => (await file.slice(0, MAGIC.length).text()) === MAGIC;

/** Whether a case is more than the hub takes in one file: it waits for a network. */
export const isTooLarge = (one: Case): boolean => one.pictures.reduce((sum, p) => sum + p.size, BESIDE_IMAGES) > MOST_BYTES;

/** The keys of the hub. @throws Error("no_hub_key"): this phone has not met its hub since it can carry cases. */
async function keys(): Promise<HubKeys> {
  const known = await hubKeys();
  if (!known) throw new Error("no_hub_key");
  return known;
}

/** A case as a file that its hub alone can open, signed by this phone. The case is frozen, and still counts as not sent. */
export async function sealCase(store: CaseStore, who: Identity, waiting: Case): Promise<File | null> {
  if (waiting.training || waiting.imagesGone) return null;
  const { bundleKey } = await keys();
  const record = await store.attempt(waiting.id);
  if (!record) return null;
  const body = text(await bodyOf(store, record));
  const pictures = await Promise.all(record.pictures.map(async (p) => new Uint8Array(await (await store.picture(p)).arrayBuffer())));
  const head = text(JSON.stringify({
    device: who.deviceId, case: record.id, version: record.version, body: body.length,
    images: record.pictures.map((p) => ({ sha256: p.sha256, media_type: p.media_type, size: p.size, pixel_mm: p.pixelMm })),
  }));
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, head.length);
  const content = await joined([length, head, body, ...pictures]);
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", content));
  const signature = new Uint8Array(await crypto.subtle.sign({ name: "Ed25519" }, who.privateKey, await joined([text(PREFIX), hash])));
  const sealed = await sealTo(bytesOf(bundleKey), await joined([signature, content]));
  return new File([text(MAGIC), sealed], `${record.id}-${record.version}${SUFFIX}`, { type: "application/octet-stream" });
}

async function sealTo(hub: Uint8Array<ArrayBuffer>, inner: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const { Aes256Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } = await import("@hpke/core");
  const suite = new CipherSuite({ kem: new DhkemP256HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });
  const recipientPublicKey = await suite.kem.deserializePublicKey(hub.buffer);
  const sender = await suite.createSenderContext({ recipientPublicKey, info: text(INFO).buffer });
  const sealed = await sender.seal(inner.buffer);
  return joined([new Uint8Array(sender.enc), new Uint8Array(sealed)]);
}

const joined = async (parts: Uint8Array<ArrayBuffer>[]): Promise<Uint8Array<ArrayBuffer>> => new Uint8Array(await new Blob(parts).arrayBuffer());

/** The hub's word that it has a version of a case. */
export interface Receipt { case: string; version: number; signature: string }

/** Whether a receipt is this phone's hub's own. */
export async function isGenuine(receipt: Receipt): Promise<boolean> {
  const { receiptKey } = await keys();
  const key = await crypto.subtle.importKey("raw", bytesOf(receiptKey), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
  const signature = Uint8Array.from(receipt.signature.match(/../g) ?? [], (hex) => Number.parseInt(hex, 16));
  return crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, signature, text(`${RECEIPT}${receipt.case}:${receipt.version}`));
}

/** The name under which a carried case lies on this phone. */
export const nameOf = async (file: Blob): Promise<string> => `carried:${await sha256(await file.arrayBuffer())}`;
