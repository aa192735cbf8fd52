import type { ProblemBody } from "@fada/shared/api/types";

/** A refusal of the gateway (RFC 9457), or a network that is not there (`status` 0). */
export class Problem extends Error {
  readonly status: number;
  readonly code: string;
  readonly body: ProblemBody;

  constructor(body: ProblemBody) {
    super(body.detail || body.title);
    this.status = body.status;
    this.code = body.code;
    this.body = body;
  }
}

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";
type Listener = () => void;

const signedOut = new Set<Listener>();

/** Called when the gateway no longer knows who asks. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}

/** One request to the gateway; the session cookie goes with it.
 *
 * @throws Problem for every answer that is no success, and when there is no answer. */
export async function call<T>(method: Method, path: string, body?: unknown): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
    });
  } catch {
    throw new Problem({ title: "No answer", status: 0, detail: "", code: "offline" });
  }
  if (answer.status === 401 && path !== "/api/me" && path !== "/login") signedOut.forEach((listener) => listener());
  if (!answer.ok) throw new Problem(await problemOf(answer));
  if (answer.status === 204) return undefined as T;
  return (await answer.json()) as T;
}

async function problemOf(answer: Response): Promise<ProblemBody> {
  try {
    const body = (await answer.json()) as ProblemBody;
    return { ...body, status: answer.status, code: body.code ?? "internal", title: body.title ?? "" };
  } catch {
    return { title: answer.statusText, status: answer.status, detail: "", code: "internal" };
  }
}

/** The JSON at `path`. @throws Problem. */
export const get = <T>(path: string): Promise<T> => call<T>("GET", path);
/** Sends `body` as JSON; the answer's JSON. @throws Problem. */
export const post = <T>(path: string, body: unknown = {}): Promise<T> => call<T>("POST", path, body);
/** Changes what lies at `path`; the answer's JSON. @throws Problem. */
export const patch = <T>(path: string, body: unknown): Promise<T> => call<T>("PATCH", path, body);
/** Deletes what lies at `path`. @throws Problem. */
export const remove = (path: string): Promise<void> => call<void>("DELETE", path);

/** `{a: 1, b: undefined}` becomes `?a=1`. */
export function query(values: Record<string, string | number | boolean | undefined>): string {
  const given = Object.entries(values).filter(([, value]) => value !== undefined && value !== "");
  const text = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return text ? `?${text}` : "";
}
