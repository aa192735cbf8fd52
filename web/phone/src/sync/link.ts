import { change, read, write } from "../store/database";

/** What may go over a network that costs. `dailyMb`: megabytes a day over such a one; null: as many as there are. */
export interface LinkRules { waitForWifi: boolean; dailyMb: number | null }

/** Bytes of reports, previews, images and carried cases that went out on a day of this phone's calendar. */
export interface Traffic { day: string; sent: number; metered: number }

/** Why images, carried cases and newer releases wait; "" where they may go. */
export type Waits = "" | "waits_for_wifi" | "waits_for_tomorrow";

interface Connection extends EventTarget { type?: string; saveData?: boolean }
const connection = (navigator as Navigator & { connection?: Connection }).connection;
const RULES: LinkRules = { waitForWifi: false, dailyMb: null };

/** Whether the browser says that this network is paid by the byte, or that bytes are to be saved. Browsers that say
 * nothing (Safari, Firefox) count as not metered: the person decides there. */
export const isMetered = (): boolean => connection?.saveData === true || connection?.type === "cellular";

export const linkRules = async (): Promise<LinkRules> => ({ ...RULES, ...(await read<LinkRules>("facts", "link")) });
export const setLinkRules = (rules: LinkRules): Promise<void> => write("facts", rules, "link");

/** Called when the kind of network changes; returns the way to stop that. */
export function onLinkChange(changed: () => void): () => void {
  connection?.addEventListener("change", changed);
  return () => connection?.removeEventListener("change", changed);
}

const today = (): string => new Date().toLocaleDateString("sv");

export async function traffic(): Promise<Traffic> {
  const kept = await read<Traffic>("facts", "traffic");
  return kept?.day === today() ? kept : { day: today(), sent: 0, metered: 0 };
}

/** Bytes that the hub has taken. */
export async function note(bytes: number): Promise<void> {
  const metered = isMetered() ? bytes : 0;
  const added = await change<Traffic>("facts", "traffic", (was) => (was.day === today() ? { ...was, sent: was.sent + bytes, metered: was.metered + metered } : null));
  if (!added) await write("facts", { day: today(), sent: bytes, metered } satisfies Traffic, "traffic");
}

/** Bytes that may still go out today over a network that costs; null: no limit. */
export const leftToday = (rules: LinkRules, { metered }: Traffic): number | null => (rules.dailyMb === null ? null : Math.max(0, rules.dailyMb * 1e6 - metered));

/** Whether `size` bytes of images may go now, or why not. Reports and previews always may. */
export async function waitsFor(size: number): Promise<Waits> {
  if (!isMetered()) return "";
  const rules = await linkRules();
  if (rules.waitForWifi || (rules.dailyMb !== null && size > rules.dailyMb * 1e6)) return "waits_for_wifi"; // no day has room for it
  const left = leftToday(rules, await traffic());
  return left !== null && size > left ? "waits_for_tomorrow" : "";
}
