import { read, write } from "../store/database";

/** What the phone knows of itself and its hub. The private key never leaves the phone; phones of before know their public one not. */
export interface Identity { deviceId: string; site: string; keys: string[]; privateKey: CryptoKey; publicKey?: string }
interface KeyPair { privateKey: CryptoKey; publicKey: string }
interface Session extends ToldKeys { token: string; new_key?: boolean }

/** What the hub refused: its HTTP status (0: no network) and the code of its problem document. */
export class HubError extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail || code);
    this.status = status;
    this.code = code;
  }
}

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

/** The hub's public keys for carried cases (services/bundle.py), base64. */
export interface HubKeys { bundleKey: string; receiptKey: string }
interface ToldKeys { bundle_key?: string; receipt_key?: string }

const keepKeys = async ({ bundle_key: bundleKey, receipt_key: receiptKey }: ToldKeys): Promise<void> => {
  if (bundleKey && receiptKey) await write("facts", { bundleKey, receiptKey } satisfies HubKeys, "hubKeys");
};

/** The hub's keys as it told them last; undefined before it did. */
export const hubKeys = (): Promise<HubKeys | undefined> => read<HubKeys>("facts", "hubKeys");

/** The phone's identity; undefined before it is enrolled. */
export const identity = (): Promise<Identity | undefined> => read<Identity>("facts", "identity");

/** The hub's refusal as it stands in a problem document (RFC 9457). */
export async function hubErrorOf(response: Response): Promise<HubError> {
  const body = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  return new HubError(response.status, body.code ?? "internal", body.detail ?? "");
}

async function checked(response: Response): Promise<Response> {
  if (response.ok) return response;
  throw await hubErrorOf(response);
}

const send = async (path: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(path, { ...init, credentials: "omit" });
  } catch {
    throw new HubError(0, "offline", "");
  }
};
const json = (body: unknown): RequestInit => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

async function makeKeyPair(): Promise<KeyPair> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  return { privateKey: pair.privateKey, publicKey: base64(await crypto.subtle.exportKey("raw", pair.publicKey)) };
}

const signed = async (key: CryptoKey, words: string): Promise<string> => base64(await crypto.subtle.sign({ name: "Ed25519" }, key, new TextEncoder().encode(words)));

/** The key that this phone made at the hub's word, before the hub knew it and after: it stays, so that whatever is cut, one of
 * it and the identity's is the hub's. */
const newestKey = (): Promise<KeyPair | undefined> => read<KeyPair>("facts", "newestKey");

/** Exchange a one-time code for a place at a site; what the hub answered. */
export async function enrol(code: string, name: string): Promise<unknown> {
  const { privateKey, publicKey } = await makeKeyPair();
  const answer = await checked(await send("/api/sync/enrol", json({ code, name, public_key: publicKey })));
  const enrolment = (await answer.json()) as { device_id: string; site: string; release_keys: string[] } & ToldKeys;
  await keepKeys(enrolment);
  await write("facts", { deviceId: enrolment.device_id, site: enrolment.site, keys: enrolment.release_keys, privateKey, publicKey } satisfies Identity, "identity");
  return enrolment;
}

/** Requests in the phone's name; a session is opened when it is needed. */
export class HubClient {
  private token = "";
  private who: Identity;

  constructor(who: Identity) {
    this.who = who;
  }

  /** One request with the phone's session, opened anew once when it has ended.
   * @throws HubError with status 0 when there is no network; every other answer is returned as it is. */
  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    for (let again = false; ; again = true) {
      if (!this.token) await this.open();
      const headers = { ...(init.headers as Record<string, string> | undefined), Authorization: `Bearer ${this.token}` };
      const response = await send(path, { ...init, headers });
      if (response.status !== 401 || again) return response;
      this.token = "";
    }
  }

  /** The same, where only success will do. @throws HubError. */
  request = async (path: string, init: RequestInit = {}): Promise<Response> => checked(await this.fetch(path, init));

  /** The JSON at `path`. @throws HubError. */
  get = async <T>(path: string): Promise<T> => (await this.request(path)).json() as Promise<T>;

  private async open(): Promise<void> {
    let session = await this.signIn();
    if (session.new_key && (await this.changeKey(session.token))) session = await this.signIn();
    await keepKeys(session);
    this.token = session.token;
  }

  /** With the phone's key; or the newest, where the hub took it and its answer was lost. */
  private async signIn(): Promise<Session> {
    try {
      return await this.session(this.who);
    } catch (error) {
      const newest = await newestKey();
      if (!(error instanceof HubError) || error.status !== 401 || !newest || newest.publicKey === this.who.publicKey) throw error;
      const changed = { ...this.who, ...newest }, session = await this.session(changed);
      await this.become(changed);
      return session;
    }
  }

  private async session(who: Identity): Promise<Session> {
    const response = await checked(await send("/api/sync/challenge", json({ device_id: who.deviceId })));
    const { challenge } = (await response.json()) as { challenge: string };
    const signature = await signed(who.privateKey, `fada-sync-1:${who.deviceId}:${challenge}`);
    const answer = await checked(await send("/api/sync/session", json({ device_id: who.deviceId, challenge, signature })));
    return (await answer.json()) as Session;
  }

  /** Another key from now on, kept here before the hub hears of it; one tab at a time. False: refused, the hub asks again. */
  private changeKey = (token: string): Promise<boolean> => navigator.locks.request("key", async () => {
    const newest = await newestKey();
    const next = newest && newest.publicKey !== this.who.publicKey ? newest : await makeKeyPair();
    if (next !== newest) await write("facts", next, "newestKey");
    const words = `fada-key-1:${this.who.deviceId}:${next.publicKey}`;
    const body = json({ public_key: next.publicKey, signature: await signed(this.who.privateKey, words), proof: await signed(next.privateKey, words) });
    const answer = await send("/api/sync/key", { ...body, headers: { ...body.headers, Authorization: `Bearer ${token}` } });
    if (answer.ok) await this.become({ ...this.who, ...next });
    return answer.ok;
  });

  private async become(who: Identity): Promise<void> {
    await write("facts", who, "identity");
    this.who = who;
  }
}
