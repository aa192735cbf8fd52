import { type Language, LANGUAGES, choose } from "@fada/shared/i18n";
import { read, write } from "../store/database";
import { type Identity, hubKeys } from "./hubClient";
import { linkRules, setLinkRules } from "./link";

/** What the programme gives to its phones; what is absent is left to the person. Times of day are this phone's, `21:00`. */
export interface GivenSettings {
  language?: Language; wait_for_wifi?: boolean; daily_mb?: number; locked?: boolean;
  quiet_from?: string; quiet_to?: string; pin_length?: number; pin_tries?: number; chart?: string; keep_days?: number;
}
/** The hub's word: the settings, when it said so (its clock, ms), and the group that this phone is in. */
export interface Told { settings: GivenSettings; settings_at?: number; group?: string }
interface Kept { at: number; group: string }
interface Scanned { site: string; group: string; issued: number; settings: GivenSettings }

/** Characters of a PIN where the programme says nothing. */
export const SHORTEST_PIN = 6;
const PREFIX = "fada-settings-1:";

/** The settings as the hub gave them last. */
export const givenSettings = async (): Promise<GivenSettings> => (await read<GivenSettings>("facts", "given")) ?? {};
const kept = async (): Promise<Kept> => (await read<Kept>("facts", "givenAt")) ?? { at: 0, group: "" };

/** Settings that are new, or that a person may not change, count now; others stay as the person left them. */
export async function takeSettings({ settings: given, settings_at: at, group }: Told): Promise<void> {
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
  const was = await kept();
  await write("facts", { at: at ?? was.at, group: group ?? was.group } satisfies Kept, "givenAt");
}

/** Settings that were scanned as a QR code; false where they are not this hub's for this phone, or are older than what it
 * said last. */
export async function takeScanned(text: string, who: Identity): Promise<boolean> {
  const [body = "", signature = ""] = text.split("."), keys = await hubKeys(), was = await kept();
  if (!keys) return false;
  try {
    const data = bytesOf(body);
    const key = await crypto.subtle.importKey("raw", bytesOf(keys.receiptKey), { name: "ECDSA", namedCurve: "P-256" }, false, ["verify"]);
    const signed = new Uint8Array(await new Blob([new TextEncoder().encode(PREFIX), data]).arrayBuffer());
    if (!(await crypto.subtle.verify({ name: "ECDSA", hash: "SHA-256" }, key, bytesOf(signature), signed))) return false;
    const scanned = JSON.parse(new TextDecoder().decode(data)) as Scanned;
    if (scanned.site !== who.site || scanned.group !== was.group || scanned.issued < was.at) return false;
    await takeSettings({ settings: scanned.settings, settings_at: scanned.issued });
    return true;
  } catch {
    return false;
  }
}

/** Base64, of either alphabet. */
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> => Uint8Array.from(atob(base64.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

/** Whether it is a quiet hour, by this phone's clock; they may go over midnight. */
export function isQuiet({ quiet_from: from, quiet_to: to }: GivenSettings, now = new Date()): boolean {
  if (from === undefined || to === undefined || from === to) return false;
  const time = `${String(now.getHours()).padStart(2, "0")}:${String(now.getMinutes()).padStart(2, "0")}`;
  return from < to ? time >= from && time < to : time >= from || time < to;
}
