import { DetailedError, type HttpRequest, type HttpResponse, type HttpStack, Upload } from "tus-js-client";
import { type HubClient, hubErrorOf } from "./hubClient";

const CHUNK = 256 * 1024; // bytes of one request; what of it has arrived when the connection breaks is not sent again

/** What the hub files an upload under: the case, the picture's SHA-256, its type, and its scale if it has one. */
export type UploadMetadata = Record<string, string>;

/** Sends one file by tus 1.0 and resolves when the hub has all of it.
 *
 * Goes on from the hub's durable offset at `path` ("" begins anew, as does an upload that has expired).
 * `created` is awaited with the new path before the first byte goes, so that it survives a kill; `sent` hears of bytes that the hub has taken.
 *
 * @throws HubError what the hub refused (status 0: no network). */
export function upload(hub: HubClient, file: Blob, metadata: UploadMetadata, path: string, created: (path: string) => Promise<unknown>, sent: (bytes: number) => Promise<void>, endpoint = "/tus/"): Promise<void> {
  return new Promise((resolve, reject) => {
    new Upload(file, {
      endpoint, uploadUrl: path || null, chunkSize: CHUNK, metadata,
      retryDelays: null, storeFingerprintForResuming: false, // the case store remembers, the sync loop tries again
      httpStack: new HubHttpStack(hub, created, sent),
      onError: (error) => void toHubError(error).then(reject),
      onSuccess: () => resolve(),
    }).start();
  });
}

async function toHubError(error: Error | DetailedError): Promise<Error> {
  if (!(error instanceof DetailedError)) return error;
  if (error.originalResponse === null) return error.causingError ?? error;
  return hubErrorOf(error.originalResponse.getUnderlyingObject() as Response);
}

/** tus requests in the phone's name. Pieces carry no checksum: with one, the hub could not keep what arrived before a
 * cut; it compares the SHA-256 of the whole file at the end. */
class HubHttpStack implements HttpStack {
  private readonly hub: HubClient;
  private readonly created: (path: string) => Promise<unknown>;
  private readonly sent: (bytes: number) => Promise<void>;

  constructor(hub: HubClient, created: (path: string) => Promise<unknown>, sent: (bytes: number) => Promise<void>) {
    this.hub = hub;
    this.created = created;
    this.sent = sent;
  }

  getName = (): string => "HubHttpStack";

  createRequest(method: string, url: string): HttpRequest {
    const headers: Record<string, string> = {};
    const aborter = new AbortController();
    return {
      getMethod: () => method,
      getURL: () => url,
      setHeader: (name, value) => { headers[name] = value; },
      getHeader: (name) => headers[name],
      setProgressHandler: () => undefined, // a phone shows whole pictures, not bytes
      getUnderlyingObject: () => undefined,
      abort: () => Promise.resolve(aborter.abort()),
      send: async (body: Blob | null) => {
        const response = await this.hub.fetch(pathOf(url), { method, headers, body, signal: aborter.signal });
        const location = response.headers.get("Location");
        if (method === "POST" && response.ok && location) await this.created(pathOf(location));
        if (body && response.ok) await this.sent(body.size);
        return answer(response);
      },
    };
  }
}

/** The path alone: the phone's token goes to its own hub only, whatever address an answer names. */
const pathOf = (url: string): string => new URL(url, location.href).pathname;

const answer = (response: Response): HttpResponse => ({
  getStatus: () => response.status,
  getHeader: (name) => response.headers.get(name) ?? undefined,
  getBody: () => "",
  getUnderlyingObject: () => response,
});
