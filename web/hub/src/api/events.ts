import type { StudyEvent } from "@fada/shared/api/types";

const TYPES = [
  "study.received", "study.analysing", "study.progress", "study.ready", "study.failed", "study.reviewed",
];

/** Listens to the hub's events from `since` on (null: from now on). The browser reconnects by itself, with the number of
 * the last event it saw, so none is missed. Returns the function that ends it. */
export function listen(
  since: number | null,
  onEvent: (event: StudyEvent) => void,
  onConnection: (up: boolean) => void = () => undefined,
  study?: string,
): () => void {
  const search = new URLSearchParams({ ...(since === null ? {} : { since: String(since) }), ...(study ? { study } : {}) });
  const source = new EventSource(`/api/events?${search}`);
  const onMessage = (message: MessageEvent<string>): void => onEvent(JSON.parse(message.data) as StudyEvent);
  for (const type of TYPES) source.addEventListener(type, onMessage);
  source.addEventListener("open", () => onConnection(true));
  source.addEventListener("error", () => onConnection(false));
  return () => source.close();
}
