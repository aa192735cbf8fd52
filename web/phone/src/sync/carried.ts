import { change, keys, read, remove, write } from "../store/database";
import type { CaseStore } from "../store/cases";
import { type Receipt, isGenuine, nameOf } from "./bundle";
import { type HubClient, HubError } from "./hubClient";
import { type Waits, note, waitsFor } from "./link";

/** A case of another phone that this one carries: sealed, so it can lie here as it is. `anyNetwork`: it goes whatever that costs. */
export interface Carried { name: string; file: Blob | null; receipt: Receipt | null; refused: string; anyNetwork?: boolean }

const names = async (): Promise<string[]> => (await keys("facts")).filter((key): key is string => typeof key === "string" && key.startsWith("carried:"));

/** What this phone carries for others. */
export const carried = async (): Promise<Carried[]> => (await Promise.all((await names()).map((key) => read<Carried>("facts", key)))).filter((one) => one !== undefined);

/** Take a sealed case along; the same one again is nothing new. */
export async function take(file: File): Promise<void> {
  const key = await nameOf(file);
  if (!(await read("facts", key))) await write("facts", { name: file.name, file, receipt: null, refused: "" } satisfies Carried, key);
}

const isToHandIn = (one: Carried): one is Carried & { file: Blob } => one.file !== null && !one.refused;
const waitsOf = async (one: Carried & { file: Blob }): Promise<Waits> => (one.anyNetwork ? "" : waitsFor(one.file.size));

/** Why something that is carried is not handed in; "" where nothing waits. */
export async function carriedWaits(): Promise<Waits> {
  for (const one of (await carried()).filter(isToHandIn)) {
    const waits = await waitsOf(one);
    if (waits) return waits;
  }
  return "";
}

/** A person's wish: what is carried now goes, whatever the network costs. */
export async function handInAnyway(): Promise<void> {
  for (const key of await names()) await change<Carried>("facts", key, (one) => ({ ...one, anyNetwork: true }));
}

/** Let go of a case that the hub refused: the phone that sealed it has it still. */
export async function drop(one: Carried): Promise<void> {
  if (one.file && one.refused) await remove("facts", await nameOf(one.file));
}

/** Hand in what is carried, where that may go over this network. Its bytes are let go when the hub has them; the receipt
 * stays. @throws HubError: later. */
export async function handIn(hub: HubClient): Promise<void> {
  for (const key of await names()) {
    const one = await read<Carried>("facts", key);
    if (!one || !isToHandIn(one) || (await waitsOf(one))) continue;
    try {
      const answer = await hub.request("/api/sync/bundles", { method: "POST", headers: { "Content-Type": "application/octet-stream" }, body: one.file });
      await note(one.file.size);
      await write("facts", { ...one, file: null, receipt: ((await answer.json()) as { receipt: Receipt }).receipt }, key);
    } catch (reason) {
      if (!(reason instanceof HubError) || reason.status === 0 || reason.status === 401 || reason.status === 429 || reason.status >= 500) throw reason;
      await write("facts", { ...one, refused: reason.code }, key);
    }
  }
}

/** Note what the hub has, by a receipt that somebody brought back; whether it was for a case of this phone. */
export async function takeReceipt(store: CaseStore, file: Blob): Promise<boolean> {
  const all = JSON.parse(await file.text()) as Receipt | Receipt[];
  let own = false;
  for (const receipt of Array.isArray(all) ? all : [all]) {
    if (!(await isGenuine(receipt))) continue;
    const record = await store.attempt(receipt.case);
    if (record?.version === receipt.version) own = (await store.received(record)) !== null || own;
  }
  return own;
}
