import { read, write } from "../store/database";

/** What the phone knows of itself and its hub. The private key never leaves the phone. */
export interface Identity { deviceId: string; site: string; keys: string[]; privateKey: CryptoKey }

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

/** Exchange a one-time code for a place at a site; what the hub answered. */
export async function enrol(code: string, name: string): Promise<unknown> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = base64(await crypto.subtle.exportKey("raw", pair.publicKey));
  const answer = await checked(await send("/api/sync/enrol", json({ code, name, public_key: publicKey })));
  const enrolment = (await answer.json()) as { device_id: string; site: string; release_keys: string[] } & ToldKeys;
  await keepKeys(enrolment);
  await write("facts", { deviceId: enrolment.device_id, site: enrolment.site, keys: enrolment.release_keys, privateKey: pair.privateKey } satisfies Identity, "identity");
  return enrolment;
}

/** Requests in the phone's name; a session is opened when it is needed. */
export class HubClient {
  private token = "";
  private readonly who: Identity;

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
    const response = await checked(await send("/api/sync/challenge", json({ device_id: this.who.deviceId })));
    const { challenge } = (await response.json()) as { challenge: string };
    const message = new TextEncoder().encode(`fada-sync-1:${this.who.deviceId}:${challenge}`);
    const signature = base64(await crypto.subtle.sign({ name: "Ed25519" }, this.who.privateKey, message));
    const answer = await checked(await send("/api/sync/session", json({ device_id: this.who.deviceId, challenge, signature })));
    const session = (await answer.json()) as { token: string } & ToldKeys;
    await keepKeys(session);
    this.token = session.token;
  }
}
