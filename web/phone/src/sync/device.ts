import { type Language, LANGUAGES, choose } from "@fada/shared/i18n";
import { eraseAll, read, write } from "../store/database";
import { type CaseStore, UNSENT } from "../store/cases";
import type { HubClient } from "./hubClient";
import { linkRules, setLinkRules } from "./link";

/** What the programme gives to its phones; what is absent is left to the person. */
export interface GivenSettings { language?: Language; wait_for_wifi?: boolean; daily_mb?: number; locked?: boolean }

/** The settings as the hub gave them last. */
export const givenSettings = async (): Promise<GivenSettings> => (await read<GivenSettings>("facts", "given")) ?? {};

/** Says how this phone fares, takes what the programme sets, and erases all where the hub says that it is lost.
 * Hubs of before do not know the question. @throws HubError: later. */
export async function speak(store: CaseStore, hub: HubClient): Promise<void> {
  const { quota = 0, usage = 0 } = await navigator.storage.estimate();
  const waiting = (await store.all()).filter((c) => UNSENT.includes(c.state)).length;
  const body = JSON.stringify({ clock_ms: Date.now(), storage_used: usage, storage_quota: quota, waiting });
  const answer = await hub.fetch("/api/sync/status", { method: "POST", headers: { "Content-Type": "application/json" }, body });
  if (!answer.ok) return;
  const told = (await answer.json()) as { settings: GivenSettings; erase: boolean };
  if (told.erase) {
    await hub.request("/api/sync/erased", { method: "POST" });
    await eraseAll();
    location.replace("/field/");
    return;
  }
  await apply(told.settings);
}

/** Settings that are new, or that a person may not change, count now; others stay as the person left them. */
async function apply(given: GivenSettings): Promise<void> {
  const before = await givenSettings(), rules = await linkRules();
  const counts = (name: keyof GivenSettings): boolean => given[name] !== undefined && (given.locked === true || given[name] !== before[name]);
  if (counts("wait_for_wifi") || counts("daily_mb")) {
    await setLinkRules({
      waitForWifi: counts("wait_for_wifi") ? given.wait_for_wifi! : rules.waitForWifi,
      dailyMb: counts("daily_mb") ? given.daily_mb! : rules.dailyMb,
    });
  }
  if (given.language !== undefined && given.language in LANGUAGES && counts("language")) await choose(given.language);
  await write("facts", given, "given");
}
