import { DetailedError, Upload } from "tus-js-client";
import { call, get, Problem } from "../api/client";
import type { ProblemBody } from "@fada/shared/api/types";

export interface Item {
  name: string;
  accepted: boolean;
  new: boolean;
  study_id: string;
  problem: ProblemBody | null;
}

interface Status { state: "open" | "complete" | "failed" | "expired"; outcome: { items?: Item[]; problem?: ProblemBody } }

export type State = "waiting" | "sending" | "checking" | "done" | "refused" | "paused";

/** One file on its way. Never changed itself, only followed by another of the same id. */
export interface QueuedFile {
  id: number;
  file: File;
  sent: number;
  state: State;
  items: Item[];
  problem: string;
  problemCode: string;
}

/** What is said of pictures, which carry nothing themselves. Pictures with one `study` become one examination. */
export interface UploadDetails { study: string; urgent: boolean; pixelMm: string; patientName: string; patientId: string; accession: string; lastPeriod: string }

/** Names a new examination for pictures; also where the browser offers no secure context. */
export const newExamination = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");

const PARALLEL = 3;
const CHUNK = 8 * 1024 * 1024; // what is lost at most when the connection breaks, and what a proxy lets through
const NO_ROOM = 507; // of the hub's disk, or of the site's quota: it can go on when there is room
let made = 0;

const worthRetrying = (status: number): boolean => status !== NO_ROOM && (status < 400 || status >= 500 || status === 409 || status === 423);

/** Sends files by tus, three at a time; a broken one goes on where it stopped, also after a restart. */
export class UploadQueue {
  private readonly uploads = new Map<number, Upload>();
  private readonly dated = new Set<string>();
  private all: QueuedFile[] = [];
  private readonly changed: (all: QueuedFile[]) => void;

  constructor(changed: (all: QueuedFile[]) => void) {
    this.changed = changed;
  }

  add(files: readonly File[], about: UploadDetails): void {
    for (const file of files) {
      const transfer: QueuedFile = { id: ++made, file, sent: 0, state: "waiting", items: [], problem: "", problemCode: "" };
      this.all = [...this.all, transfer];
      this.uploads.set(transfer.id, this.make(transfer, about));
    }
    this.pump();
  }

  pause(id: number): void {
    void this.uploads.get(id)?.abort();
    this.put(id, { state: "paused" });
    this.pump();
  }

  resume(id: number): void {
    this.put(id, { state: "waiting", problem: "", problemCode: "" });
    this.pump();
  }

  clear(): void {
    this.all = this.all.filter((t) => t.state !== "done" && t.state !== "refused");
    this.changed(this.all);
  }

  private put(id: number, some: Partial<QueuedFile>): void {
    this.all = this.all.map((t) => (t.id === id ? { ...t, ...some } : t));
    this.changed(this.all);
  }

  private pump(): void {
    const busy = this.all.filter((t) => t.state === "sending" || t.state === "checking").length;
    for (const next of this.all.filter((t) => t.state === "waiting").slice(0, Math.max(0, PARALLEL - busy))) {
      const upload = this.uploads.get(next.id)!;
      this.put(next.id, { state: "sending" });
      void upload.findPreviousUploads().then((before) => {
        if (before[0]) upload.resumeFromPreviousUpload(before[0]);
        upload.start();
      });
    }
    this.changed(this.all);
  }

  private make(transfer: QueuedFile, about: UploadDetails): Upload {
    const given: Record<string, string> = {
      filename: transfer.file.name, filetype: transfer.file.type || "application/octet-stream",
      ...(about.urgent ? { urgent: "1" } : {}), pixel_mm: about.pixelMm, patient_name: about.patientName,
      patient_id: about.patientId, accession: about.accession, study: about.study,
    };
    const upload: Upload = new Upload(transfer.file, {
      endpoint: "/tus/", chunkSize: CHUNK, retryDelays: [0, 1000, 3000, 5000, 10_000, 20_000], removeFingerprintOnSuccess: true,
      metadata: Object.fromEntries(Object.entries(given).filter(([, value]) => value !== "")),
      onShouldRetry: (error) => worthRetrying((error as DetailedError).originalResponse?.getStatus() ?? 0),
      onProgress: (sent) => this.put(transfer.id, { sent }),
      onError: (error) => this.failed(transfer.id, error),
      onSuccess: () => void this.check(transfer.id, upload.url!).then(() => this.enterPeriod(transfer.id, about.lastPeriod)),
    });
    return upload;
  }

  /** The bytes are there; what the hub made of them is another question. */
  private async check(id: number, url: string): Promise<void> {
    this.put(id, { state: "checking", sent: this.all.find((t) => t.id === id)?.file.size ?? 0 });
    const path = new URL(url, location.href).pathname;
    for (let wait = 150; ; wait = Math.min(wait * 1.5, 2000)) {
      try {
        const status = await get<Status>(path);
        if (status.state !== "open") {
          const items = status.outcome.items ?? [];
          const refusal = status.outcome.problem ?? items.find((i) => i.problem)?.problem;
          const good = status.state === "complete" && items.some((i) => i.accepted);
          this.put(id, { state: good ? "done" : "refused", items, problem: good ? "" : (refusal?.detail ?? ""), problemCode: good ? "" : (refusal?.code ?? status.state) });
          break;
        }
      } catch (reason) {
        if (reason instanceof Problem && reason.status !== 0 && reason.status < 500) {
          this.put(id, { state: "refused", problem: reason.message, problemCode: reason.code });
          break;
        }
      }
      await new Promise((done) => setTimeout(done, wait));
    }
    this.pump();
  }

  /** A last period belongs to the examination: it becomes the first of its facts, once; facts that are there stay. */
  private async enterPeriod(id: number, last_period: string): Promise<void> {
    const study = this.all.find((one) => one.id === id)?.items.find((item) => item.accepted)?.study_id;
    if (!last_period || !study || this.dated.has(study)) return;
    this.dated.add(study);
    await call("PUT", `/api/studies/${study}/facts`, { based_on: 0, values: { last_period } }).catch(() => undefined);
  }

  private failed(id: number, error: Error | DetailedError): void {
    const answer = error instanceof DetailedError ? error.originalResponse : null;
    let problem: Partial<ProblemBody> = {};
    try {
      problem = JSON.parse(answer?.getBody() ?? "{}") as Partial<ProblemBody>;
    } catch { /* no problem document: the code below says what is known */ }
    const offline = answer === null || answer.getStatus() === 0;
    this.put(id, { state: offline || answer.getStatus() === NO_ROOM ? "paused" : "refused", problem: problem.detail ?? "", problemCode: offline ? "offline" : (problem.code ?? "internal") });
    this.pump();
  }
}

/** All files of a drop, those inside folders included. */
export async function droppedFiles(data: DataTransfer): Promise<File[]> {
  const entries = [...data.items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  if (entries.length === 0) return [...data.files];
  return (await Promise.all(entries.map(filesOfEntry))).flat();
}

async function filesOfEntry(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) return [await new Promise<File>((good, bad) => (entry as FileSystemFileEntry).file(good, bad))];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const files: File[] = [];
  for (;;) { // a reader gives at most a hundred entries at a time
    const some = await new Promise<FileSystemEntry[]>((good, bad) => reader.readEntries(good, bad));
    if (some.length === 0) return files;
    files.push(...(await Promise.all(some.map(filesOfEntry))).flat());
  }
}
