import { read, write } from "../store/database";

/** The hub as the phone sees it. The key never leaves the phone. */
export interface Identity { deviceId: string; site: string; keys: string[]; privateKey: CryptoKey }

export class Refused extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail || code);
    this.status = status;
    this.code = code;
  }
}

const base64 = (bytes: ArrayBuffer): string => btoa(String.fromCharCode(...new Uint8Array(bytes)));

export const identity = (): Promise<Identity | undefined> => read<Identity>("facts", "identity");

async function checked(answer: Response): Promise<Response> {
  if (answer.ok) return answer;
  const body = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new Refused(answer.status, body.code ?? "internal", body.detail ?? "");
}

const send = async (path: string, init: RequestInit): Promise<Response> => {
  try {
    return await fetch(path, { ...init, credentials: "omit" });
  } catch {
    throw new Refused(0, "offline", "");
  }
};
const json = (body: unknown): RequestInit => ({ method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Exchange a one-time code for a place at a site. */
export async function enrol(code: string, name: string): Promise<void> {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, false, ["sign", "verify"])) as CryptoKeyPair;
  const publicKey = base64(await crypto.subtle.exportKey("raw", pair.publicKey));
  const answer = await checked(await send("/api/sync/enrol", json({ code, name, public_key: publicKey })));
  const told = (await answer.json()) as { device_id: string; site: string; release_keys: string[] };
  await write("facts", { deviceId: told.device_id, site: told.site, keys: told.release_keys, privateKey: pair.privateKey } satisfies Identity, "identity");
}

/** Requests in the phone's name; a session is opened when it is needed. */
export class Hub {
  private token = "";
  private readonly who: Identity;

  constructor(who: Identity) {
    this.who = who;
  }

  async ask(path: string, init: RequestInit = {}): Promise<Response> {
    for (let again = false; ; again = true) {
      if (!this.token) await this.open();
      const headers = { ...(init.headers as Record<string, string> | undefined), Authorization: `Bearer ${this.token}` };
      const answer = await send(path, { ...init, headers });
      if (answer.status !== 401 || again) return checked(answer);
      this.token = "";
    }
  }

  get = async <T>(path: string): Promise<T> => (await this.ask(path)).json() as Promise<T>;

  private async open(): Promise<void> {
    const asked = await checked(await send("/api/sync/challenge", json({ device_id: this.who.deviceId })));
    const { challenge } = (await asked.json()) as { challenge: string };
    const said = new TextEncoder().encode(`fada-sync-1:${this.who.deviceId}:${challenge}`);
    const signature = base64(await crypto.subtle.sign({ name: "Ed25519" }, this.who.privateKey, said));
    const answer = await checked(await send("/api/sync/session", json({ device_id: this.who.deviceId, challenge, signature })));
    this.token = ((await answer.json()) as { token: string }).token;
  }
}
