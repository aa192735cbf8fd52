import { eraseAll } from "../store/database";
import { type CaseStore, isUnsent } from "../store/cases";
import { type Told, takeSettings } from "./given";
import type { HubClient } from "./hubClient";

/** Says how this phone fares, takes what the programme sets, and erases all where the hub says that it is lost.
 * Hubs of before do not know the question. @throws HubError: later. */
export async function speak(store: CaseStore, hub: HubClient): Promise<void> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  const waiting = (await store.all()).filter(isUnsent).length;
  const body = JSON.stringify({ clock_ms: Date.now(), storage_used: usage, storage_quota: quota, waiting });
  const answer = await hub.fetch("/api/sync/status", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (!answer.ok) return;
  const status = (await answer.json()) as Told & { erase: boolean };
  if (status.erase) {
    await hub.request("/api/sync/erased", { method: "POST" });
    await eraseAll();
    location.replace("/field/");
    return;
  }
  await takeSettings(status);
}
