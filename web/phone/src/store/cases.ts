import type { Report } from "@fada/shared/api/types";
import { Unreadable } from "../dicom/unreadable";
import { all, change, keys, read, remove, write } from "./database";
import { type CaseDays, isoDay } from "../case/day";
import type { HubFacts } from "../case/hubFacts";
import { sha256, uuid7 } from "../case/ids";
import { type Details, NO_DETAILS, cleanDetails } from "../case/details";
import type { Picture } from "../case/picture";
import type { Sealed, Vault } from "./vault";

/** captured → analysed, or unread where this phone cannot read it → failed, before every attempt → received →
 * analysed by the hub → reviewed. */
export type State = "captured" | "analysed" | "unread" | "failed" | "received" | "hub_analysed" | "reviewed";

export interface Case extends CaseDays {
  id: string;
  n: number;
  state: State;
  urgent: boolean;
  frozen: boolean;
  version: number;
  pictures: Picture[];
  /** SHA-256 of the examination's UID where DICOM files have one; "" without. */
  study: string;
  report: Sealed | null;
  hubVersion: number;
  hub: Sealed | null;
  problem: string;
  missing: string[] | null; // null: the hub does not know this version yet
  uploads: Record<string, string>;
  /** What a person said of the woman. Absent, as the next ones are, in cases of earlier releases of this app. */
  details?: Sealed | null;
  /** A small picture for the list. */
  thumb?: Sealed | null;
  /** How often reading it began without an end. */
  tries?: number;
  /** The newest version that a person reviewed, and the newest that was looked at on this phone; 0: none. */
  reviewedVersion?: number;
  seenVersion?: number;
  /** Hashes of pictures whose previews were sent. */
  previewed?: string[];
  /** A person wants its pictures sent now, whatever the network costs. */
  anyNetwork?: boolean;
  /** A sample case to practise with: it is never sent. */
  training?: boolean;
  /** When the hub had all of it, ms of this phone's clock; and whether its images have left the phone since. */
  receivedAt?: number;
  imagesGone?: boolean;
  /** What a person at the hub says to the field. */
  comment?: Sealed | null;
  /** What the hub knows of the examination. */
  facts?: Sealed | null;
}

/** `thumb`: the file as a small picture, where it could be made; `day`: that of its examination, where it names one. */
export interface CapturedFile { file: Blob; media_type: string; studyUid: string; day?: string; thumb?: Blob | null }
export interface CaptureOptions { urgent: boolean; details?: Details; training?: boolean }
type SyncProgress = Partial<Pick<Case, "missing" | "uploads" | "problem" | "previewed">>;

/** States in which the hub does not have all of a case. */
export const UNSENT: readonly State[] = ["captured", "analysed", "unread", "failed"];
const SENDABLE: readonly State[] = ["analysed", "unread", "failed"];
const MOST_TRIES = 2; // a reading that ended the app so often is left to the hub
const DAY_MS = 86_400_000;
const RESERVE = 64 * 2 ** 20;

/** Whether the hub still has to get it; sample cases it never gets. */
export const isUnsent = (c: Case): boolean => UNSENT.includes(c.state) && !c.training;

/** The browser has no room for a further file. */
export class StorageFull extends Error {}

/** A change to what was sent is a further version; nothing is left over from the attempts before. */
const changed = (c: Case): Partial<Case> => (c.frozen ? { version: c.version + 1, frozen: false, missing: null, problem: "" } : { problem: "" });

/** All cases of this phone. A kill at any step loses none and doubles none. */
export class CaseStore {
  readonly vault: Vault;

  constructor(vault: Vault) {
    this.vault = vault;
  }

  /** A new case of files that belong together. Their bytes are stored before the case is.
   * @throws StorageFull: refused now is better than lost later. */
  async capture(files: readonly CapturedFile[], { urgent, details = NO_DETAILS, training = false }: CaptureOptions): Promise<Case> {
    const stored = await this.storeFiles(files);
    const known = await this.all(), id = uuid7();
    const thumb = files.find((f) => f.thumb)?.thumb;
    const made: Case = {
      id, n: Math.max((await read<number>("facts", "cases")) ?? 0, ...known.map((c) => c.n)) + 1, state: "captured", urgent, frozen: false, ...(training ? { training } : {}),
      version: 1, pictures: stored.filter((p, i) => stored.findIndex((q) => q.sha256 === p.sha256) === i), study: await studyOf(files),
      imageDay: dayOf(files), capturedDay: isoDay(new Date()),
      report: null, hubVersion: 0, hub: null, problem: "", missing: null, uploads: {},
      details: await this.vault.sealText(JSON.stringify(cleanDetails(details)), `details:${id}`),
      thumb: thumb ? await this.vault.seal(await thumb.arrayBuffer(), `thumb:${id}`) : null, tries: 0, reviewedVersion: 0, seenVersion: 0,
    };
    await write("cases", made);
    await write("facts", made.n, "cases"); // a number is never given twice, also when its case is deleted
    return made;
  }

  /** Further files for a case. @throws StorageFull, Unreadable: they are of another examination. */
  async add(id: string, files: readonly CapturedFile[]): Promise<Case | null> {
    const study = await studyOf(files), now = await this.get(id);
    if (!now || (study && study !== now.study && (now.study || now.frozen || now.version > 1))) throw new Unreadable("other_study");
    const stored = await this.storeFiles(files);
    return change<Case>("cases", id, (c) => {
      const fresh = stored.filter((p, i) => ![...c.pictures, ...stored.slice(0, i)].some((q) => q.sha256 === p.sha256));
      return fresh.length === 0 ? null : { ...c, ...changed(c), state: "captured", tries: 0, study: c.study || study, imageDay: c.imageDay || dayOf(files), pictures: [...c.pictures, ...fresh] };
    });
  }

  /** A scale or other frames for one picture: it is to be read again. */
  revise = (id: string, hash: string, some: Partial<Pick<Picture, "pixelMm" | "frames">>): Promise<Case | null> =>
    change<Case>("cases", id, (c) => ({
      ...c, ...changed(c), state: "captured", tries: 0, pictures: c.pictures.map((p) => (p.sha256 === hash ? { ...p, ...some, fresh: false } : p)),
    }));

  /** Other details: a further version where the case was sent; nothing is read again. */
  async describe(id: string, details: Details): Promise<Case | null> {
    const sealed = await this.vault.sealText(JSON.stringify(cleanDetails(details)), `details:${id}`);
    return change<Case>("cases", id, (c) => {
      const sent = c.state === "captured" ? c.state : c.report ? "analysed" : "unread";
      return { ...c, ...changed(c), state: sent, details: sealed };
    });
  }

  /** Which of several fetuses an image shows; "" takes it back. Sent with the next round: many images follow each other. */
  async setFetus(id: string, sopUid: string, letter: string): Promise<Case | null> {
    const record = await this.get(id);
    if (!record) return null;
    const details = await this.details(record);
    return this.describe(id, { ...details, fetus_images: { ...details.fetus_images, [sopUid]: letter } });
  }

  /** What a person said of the woman. */
  details = async (c: Case): Promise<Details> =>
    (c.details ? { ...NO_DETAILS, ...(JSON.parse(await this.vault.openText(c.details, `details:${c.id}`)) as Details) } : NO_DETAILS);

  /** The small picture of a case; null without one. */
  thumb = async (c: Case): Promise<Blob | null> => (c.thumb ? new Blob([await this.vault.open(c.thumb, `thumb:${c.id}`)], { type: "image/jpeg" }) : null);

  /** Its pictures are to go out whatever the network costs. */
  sendAnyway = (id: string): Promise<Case | null> => change<Case>("cases", id, (c) => ({ ...c, anyNetwork: true, problem: "" }));

  /** Counts an attempt to read a captured case; null when it is not to be read (again) on this phone. */
  startReading = (id: string): Promise<Case | null> =>
    change<Case>("cases", id, (c) => (c.state !== "captured" || (c.tries ?? 0) >= MOST_TRIES ? null : { ...c, tries: (c.tries ?? 0) + 1 }));

  /** The oldest case that waits to be read, urgent ones first. */
  nextToRead = async (): Promise<Case | null> =>
    (await this.all()).filter((c) => c.state === "captured").sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.n - b.n)[0] ?? null;

  /** What is new in it is not read on this phone: it goes to the hub with the report that it has, or without one. */
  leaveToHub = (id: string): Promise<Case | null> =>
    change<Case>("cases", id, (c) => (c.state === "captured" ? { ...c, ...changed(c), state: c.report ? "analysed" : "unread" } : null));

  /** The newest version was looked at. */
  seen = (id: string): Promise<Case | null> => change<Case>("cases", id, (c) => (c.hubVersion > (c.seenVersion ?? 0) ? { ...c, seenVersion: c.hubVersion } : null));

  /** Remove a case and the files that no other case holds; the bytes that became free. */
  async delete(id: string): Promise<number> {
    const record = await this.get(id);
    if (!record) return 0;
    await remove("cases", id);
    const others = new Set((await this.all()).flatMap((c) => c.pictures.map((p) => p.sha256)));
    const alone = record.pictures.filter((p) => !others.has(p.sha256));
    for (const picture of alone) await remove("pictures", picture.sha256);
    return alone.reduce((sum, p) => sum + p.size, 0);
  }

  /** Files that no case holds: what a kill in the middle of a capture left behind. */
  async sweep(): Promise<void> {
    const held = new Set((await this.all()).flatMap((c) => c.pictures.map((p) => p.sha256)));
    for (const hash of await keys("pictures")) if (!held.has(hash as string)) await remove("pictures", hash);
  }

  all = async (): Promise<Case[]> => (await all<Case>("cases")).sort((a, b) => b.n - a.n);
  get = (id: string): Promise<Case | undefined> => read<Case>("cases", id);

  async picture(of: Picture): Promise<Blob> {
    const sealed = await read<Sealed>("pictures", of.sha256);
    if (!sealed) throw new Error("the picture is gone");
    return new Blob([await this.vault.open(sealed, of.sha256)], { type: of.media_type });
  }

  /** The phone's report, and which frames of which picture stand in it. `of` is the case as it was read. */
  async analysed(of: Case, report: Report, reads: readonly number[][]): Promise<Case | null> {
    const sealed = await this.vault.sealText(JSON.stringify(report), of.id);
    const same = (c: Case): boolean => c.version === of.version && JSON.stringify(c.pictures) === JSON.stringify(of.pictures);
    return change<Case>("cases", of.id, (c) => (!same(c) ? null : {
      ...c, ...changed(c), report: sealed, state: "analysed", tries: 0, pictures: c.pictures.map((p, i) => ({ ...p, reads: reads[i] ?? [], fresh: true })),
    }));
  }

  report = async (c: Case): Promise<Report | null> => (c.report ? (JSON.parse(await this.vault.openText(c.report, c.id)) as Report) : null);
  hub = async (c: Case): Promise<Report | null> => (c.hub ? (JSON.parse(await this.vault.openText(c.hub, c.id)) as Report) : null);

  /** Urgent before all, then the oldest capture. */
  waiting = async (): Promise<Case[]> =>
    (await this.all()).filter((c) => SENDABLE.includes(c.state) && !c.training).sort((a, b) => Number(b.urgent) - Number(a.urgent) || a.n - b.n);

  /** Marked as failed before the attempt, and frozen: a kill in between changes nothing. */
  attempt = (id: string): Promise<Case | null> =>
    change<Case>("cases", id, (c) => (SENDABLE.includes(c.state) && !c.training ? { ...c, state: "failed", frozen: true } : null));

  /** What an attempt to send this very version has learnt; a version made meanwhile does not inherit it. */
  note = (of: Case, some: SyncProgress): Promise<Case | null> =>
    change<Case>("cases", of.id, (c) => (c.version === of.version ? { ...c, ...some } : null));

  /** Only on the hub's durable answer for this very version. */
  received = (of: Case): Promise<Case | null> =>
    change<Case>("cases", of.id, (c) => (c.version === of.version && c.state === "failed" ? { ...c, state: "received", problem: "", receivedAt: Date.now() } : null));

  /** Images leave the phone so many days after the hub had them all; what was said and read stays. How many cases. */
  async letImagesGo(days: number, now = Date.now()): Promise<number> {
    const due = (await this.all()).filter((c) => !UNSENT.includes(c.state) && !c.imagesGone && c.receivedAt !== undefined && now - c.receivedAt >= days * DAY_MS);
    for (const one of due) {
      const gone = await change<Case>("cases", one.id, (c) => (c.version === one.version && !UNSENT.includes(c.state) ? { ...c, imagesGone: true } : null));
      if (!gone) continue;
      const needed = new Set((await this.all()).filter((c) => !c.imagesGone).flatMap((c) => c.pictures.map((p) => p.sha256)));
      for (const picture of one.pictures) if (!needed.has(picture.sha256)) await remove("pictures", picture.sha256);
    }
    return due.length;
  }

  /** The hub's result or a person's review; an older one never replaces a newer one. It counts as the hub's answer
   * to the case once it speaks of all its pictures. */
  async answered(id: string, version: number, report: Report, reviewed: boolean): Promise<void> {
    const sealed = await this.vault.sealText(JSON.stringify(report), id);
    const spoken = new Set([...report.frames.map((f) => f.sop_uid), ...report.skipped.map(([uid]) => uid)]).size;
    await change<Case>("cases", id, (c) => {
      if (version < c.hubVersion) return null;
      const open = UNSENT.includes(c.state) || spoken < c.pictures.length;
      const reviewedVersion = reviewed ? version : c.reviewedVersion ?? 0;
      return { ...c, hub: sealed, hubVersion: version, reviewedVersion, state: open ? c.state : reviewed ? "reviewed" : "hub_analysed" };
    });
  }

  /** The comment to the field as the hub has it now; another one is news. */
  async commented(id: string, text: string): Promise<void> {
    const record = await this.get(id);
    if (!record || (await this.comment(record)) === text) return;
    const sealed = text ? await this.vault.sealText(text, `comment:${id}`) : null;
    await change<Case>("cases", id, (c) => ({ ...c, comment: sealed, seenVersion: text ? -1 : c.seenVersion ?? 0 }));
  }

  /** What the hub knows of the examination now. */
  async told(id: string, facts: HubFacts): Promise<void> {
    const sealed = await this.vault.sealText(JSON.stringify(facts), `facts:${id}`);
    await change<Case>("cases", id, (c) => ({ ...c, facts: sealed }));
  }

  facts = async (c: Case): Promise<HubFacts | null> => (c.facts ? (JSON.parse(await this.vault.openText(c.facts, `facts:${c.id}`)) as HubFacts) : null);

  comment = async (c: Case): Promise<string> => (c.comment ? this.vault.openText(c.comment, `comment:${c.id}`) : "");

  private async storeFiles(files: readonly CapturedFile[]): Promise<Picture[]> {
    const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
    if (quota - usage - files.reduce((sum, f) => sum + f.file.size, 0) < RESERVE) throw new StorageFull();
    const stored: Picture[] = [];
    for (const { file, media_type } of files) {
      const bytes = await file.arrayBuffer();
      const hash = await sha256(bytes);
      await write("pictures", await this.vault.seal(bytes, hash), hash);
      stored.push({ sha256: hash, size: file.size, media_type, pixelMm: null, frames: null, reads: [], fresh: false });
    }
    return stored;
  }
}

/** Whether the hub has something that nobody looked at on this phone. */
export const hasNews = (c: Case): boolean => c.hubVersion > (c.seenVersion ?? 0);

/** Whether a version came after the newest that a person reviewed. */
export const isAfterReview = (c: Case): boolean => (c.reviewedVersion ?? 0) > 0 && c.hubVersion > c.reviewedVersion!;

/** The earliest day that files name; "" where none does. */
const dayOf = (files: readonly CapturedFile[]): string => files.flatMap((f) => f.day || []).sort()[0] ?? "";

/** The examination's name, hashed. @throws Unreadable when the files are of several. */
export async function studyOf(files: readonly CapturedFile[]): Promise<string> {
  const uids = new Set(files.map((f) => f.studyUid).filter((u) => u !== ""));
  if (uids.size > 1) throw new Unreadable("other_study");
  const [uid] = uids;
  return uid === undefined ? "" : sha256(new TextEncoder().encode(uid));
}
