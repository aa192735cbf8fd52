import type { Report } from "@hub/api/types";
import { all, change, keys, read, write } from "./database";
import { sha256, uuid7 } from "./ids";
import type { Sealed, Vault } from "./vault";

/** captured → analysed → failed, before every attempt → received → analysed by the hub → reviewed. */
export type State = "captured" | "analysed" | "failed" | "received" | "hub_analysed" | "reviewed";
export interface Picture { sha256: string; size: number; media_type: string }

export interface Case {
  id: string;
  n: number;
  state: State;
  urgent: boolean;
  frozen: boolean;
  version: number;
  pictures: Picture[];
  pixelMm: [number, number] | null;
  report: Sealed | null;
  hubVersion: number;
  hub: Sealed | null;
  problem: string;
  missing: string[] | null; // null: the hub does not know this version yet
  uploads: Record<string, string>;
}

export const UNSENT: readonly State[] = ["analysed", "failed"];
const RESERVE = 64 * 2 ** 20;

export class StorageFull extends Error {}

/** All cases of this phone. A kill at any step loses none and doubles none. */
export class Outbox {
  readonly vault: Vault;

  constructor(vault: Vault) {
    this.vault = vault;
  }

  /** Keep a new picture. The bytes are stored before the case is.
   * @throws StorageFull: refused now is better than lost later. */
  async capture(picture: Blob, urgent: boolean): Promise<Case> {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    if (quota - usage - picture.size < RESERVE) throw new StorageFull();
    const bytes = await picture.arrayBuffer();
    const hash = await sha256(bytes);
    await write("pictures", await this.vault.seal(bytes, hash), hash);
    const known = await this.all();
    const made: Case = {
      id: uuid7(), n: Math.max(0, ...known.map((c) => c.n)) + 1, state: "captured", urgent, frozen: false, version: 1,
      pictures: [{ sha256: hash, size: picture.size, media_type: picture.type || "image/jpeg" }], pixelMm: null,
      report: null, hubVersion: 0, hub: null, problem: "", missing: null, uploads: {},
    };
    await write("cases", made);
    return made;
  }

  all = async (): Promise<Case[]> => (await all<Case>("cases")).sort((a, b) => b.n - a.n);
  get = (id: string): Promise<Case | undefined> => read<Case>("cases", id);
  stored = async (): Promise<number> => (await keys("pictures")).length;

  async picture(of: Picture): Promise<Blob> {
    const sealed = await read<Sealed>("pictures", of.sha256);
    if (!sealed) throw new Error("the picture is gone");
    return new Blob([await this.vault.open(sealed, of.sha256)], { type: of.media_type });
  }

  /** The phone's report. What was sent stays as it is: this becomes a further version. */
  async analysed(id: string, report: Report, pixelMm: [number, number] | null): Promise<void> {
    const sealed = await this.vault.sealText(JSON.stringify(report), id);
    await change<Case>("cases", id, (c) => ({
      ...c, report: sealed, pixelMm, state: "analysed", version: c.version + (c.frozen ? 1 : 0), frozen: false,
      missing: c.frozen ? null : c.missing,
    }));
  }

  report = async (c: Case): Promise<Report | null> => (c.report ? (JSON.parse(await this.vault.openText(c.report, c.id)) as Report) : null);
  hub = async (c: Case): Promise<Report | null> => (c.hub ? (JSON.parse(await this.vault.openText(c.hub, c.id)) as Report) : null);

  /** Urgent before all, then the oldest capture. */
  waiting = async (): Promise<Case[]> =>
    (await this.all()).filter((c) => UNSENT.includes(c.state)).sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.n - b.n);

  /** Marked as failed before the attempt, and frozen: a kill in between changes nothing. */
  attempt = (id: string): Promise<Case | null> =>
    change<Case>("cases", id, (c) => (UNSENT.includes(c.state) ? { ...c, state: "failed", frozen: true } : null));

  note = (id: string, some: Partial<Pick<Case, "missing" | "uploads" | "problem">>): Promise<Case | null> =>
    change<Case>("cases", id, (c) => ({ ...c, ...some }));

  /** Only on the hub's durable answer for this very version. */
  received = (id: string, version: number): Promise<Case | null> =>
    change<Case>("cases", id, (c) => (c.version === version && c.state === "failed" ? { ...c, state: "received", problem: "" } : null));

  /** The hub's result or a person's review; an older one never replaces a newer one. */
  async answered(id: string, version: number, report: unknown, reviewed: boolean): Promise<void> {
    const sealed = await this.vault.sealText(JSON.stringify(report), id);
    await change<Case>("cases", id, (c) => (version <= c.hubVersion ? null : {
      ...c, hub: sealed, hubVersion: version,
      state: c.state === "captured" || UNSENT.includes(c.state) ? c.state : reviewed ? "reviewed" : "hub_analysed",
    }));
  }
}
