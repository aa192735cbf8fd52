import { read, write } from "./database";
import { countTry, forgetTries, waitLeft } from "./pinTries";

/** What lies on the phone is sealed with a key that only the PIN opens (AES-256-GCM, PBKDF2). */

interface Lock { salt: Uint8Array<ArrayBuffer>; iv: Uint8Array<ArrayBuffer>; wrapped: ArrayBuffer }
export interface Sealed { iv: Uint8Array<ArrayBuffer>; data: ArrayBuffer }

const ROUNDS = 600_000;
const text = (value: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(value);

async function fromPin(pin: string, salt: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  const base = await crypto.subtle.importKey("raw", text(pin), "PBKDF2", false, ["deriveKey"]);
  return crypto.subtle.deriveKey({ name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS }, base, { name: "AES-GCM", length: 256 }, false, ["wrapKey", "unwrapKey"]);
}

/** One write: a kill leaves the old PIN or the new one. */
async function wrap(key: CryptoKey, pin: string): Promise<void> {
  const salt = crypto.getRandomValues(new Uint8Array(16)), iv = crypto.getRandomValues(new Uint8Array(12));
  const wrapped = await crypto.subtle.wrapKey("raw", key, await fromPin(pin, salt), { name: "AES-GCM", iv });
  await write("facts", { salt, iv, wrapped } satisfies Lock, "lock");
}

/** Too many wrong PINs: the next one is taken after a while (`pinTries.ts`). */
export class PinMustWait extends Error {}

/** Seals and opens with the key that the PIN unwrapped. */
export class Vault {
  private readonly key: CryptoKey;

  private constructor(key: CryptoKey) {
    this.key = key;
  }

  static async exists(): Promise<boolean> {
    return (await read<Lock>("facts", "lock")) !== undefined;
  }

  static async create(pin: string): Promise<Vault> {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, true, ["encrypt", "decrypt"]);
    await wrap(key, pin);
    return Vault.open(pin);
  }

  /** @throws PinMustWait; anything else when the PIN is wrong. */
  static async open(pin: string): Promise<Vault> {
    const lock = await read<Lock>("facts", "lock");
    if (!lock) throw new Error("no lock");
    if ((await waitLeft()) > 0) throw new PinMustWait();
    await countTry();
    const key = await crypto.subtle.unwrapKey("raw", lock.wrapped, await fromPin(pin, lock.salt), { name: "AES-GCM", iv: lock.iv }, "AES-GCM", false, ["encrypt", "decrypt"]);
    await forgetTries();
    return new Vault(key);
  }

  /** The same content under another PIN. @throws as `open`. */
  static async change(pin: string, next: string): Promise<Vault> {
    await Vault.open(pin); // counts the try
    const lock = (await read<Lock>("facts", "lock"))!;
    const key = await crypto.subtle.unwrapKey("raw", lock.wrapped, await fromPin(pin, lock.salt), { name: "AES-GCM", iv: lock.iv }, "AES-GCM", true, ["encrypt", "decrypt"]);
    await wrap(key, next);
    return Vault.open(next);
  }

  /** `name` is bound to the content: sealed things cannot be exchanged for one another. */
  async seal(data: BufferSource, name: string): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(12));
    return { iv, data: await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData: text(name) }, this.key, data) };
  }

  async open(sealed: Sealed, name: string): Promise<ArrayBuffer> {
    return crypto.subtle.decrypt({ name: "AES-GCM", iv: sealed.iv, additionalData: text(name) }, this.key, sealed.data);
  }

  sealText = (value: string, name: string): Promise<Sealed> => this.seal(text(value), name);
  openText = async (sealed: Sealed, name: string): Promise<string> => new TextDecoder().decode(await this.open(sealed, name));
}
