import type { Report } from "@fada/shared/api/types";
import { read, write } from "../store/database";
import { examinationDay } from "../case/day";
import type { HubFacts } from "../case/hubFacts";
import type { Picture } from "../case/picture";
import type { Case, CaseStore } from "../store/cases";
import { openImageFile } from "../reading/imageFile";
import { type HubClient, HubError } from "./hubClient";
import { note, waitsFor } from "./link";
import { sendPreviews } from "./previews";
import { type UploadMetadata, upload } from "./upload";

const NO_ROOM = 507; // of the hub's disk or the site's quota: the case waits, answers are fetched all the same

/** Reports of all waiting cases first, then previews, then the pictures, then the hub's answers. Every step can be
 * cut and repeated. @throws HubError with status 0 or 401: later, or never again. */
export function sync(store: CaseStore, hub: HubClient, changed: () => void): Promise<void> {
  return navigator.locks.request("sync", async () => {
    for (const work of [sendReport, sendPreviews, sendPictures]) {
      for (const waiting of await store.waiting()) {
        const record = await store.attempt(waiting.id);
        if (!record) continue;
        changed();
        try {
          await work(store, hub, record);
        } catch (reason) {
          if ((await store.get(record.id)) === undefined) continue; // deleted meanwhile
          if (!(reason instanceof HubError) || reason.status === 0 || reason.status === 401 || (reason.status >= 500 && reason.status !== NO_ROOM)) throw reason;
          await store.note(record, { problem: reason.code, ...(reason.status === 404 ? { missing: null } : {}) });
        }
        changed();
      }
    }
    await fetchAnswers(store, hub);
    changed();
  });
}

async function sendReport(store: CaseStore, hub: HubClient, record: Case): Promise<void> {
  if (record.missing !== null) return;
  const body = await bodyOf(store, record);
  const response = await hub.request(`/api/sync/cases/${record.id}/versions/${record.version}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body });
  await note(new Blob([body]).size);
  await store.note(record, { missing: ((await response.json()) as { missing: string[] }).missing });
}

/** A version of a case as the hub takes it. The same case and version always give the same bytes: the hub compares
 * them. A scale belongs to a picture and goes with it; examinations that DICOM files name keep their name. */
export async function bodyOf(store: CaseStore, record: Case): Promise<string> {
  const report = await store.report(record);
  const pictures = record.pictures.map(({ sha256, size, media_type }) => ({ sha256, size, media_type }));
  const study = record.study ? { study_uid: await studyUidOf(store, record, report) } : {};
  return JSON.stringify({ urgent: record.urgent, pictures, pixel_mm: null, ...study, ...(await said(store, record)), report });
}

/** The name of the examination that DICOM files are of: the report's, or their own where the phone did not read them. */
async function studyUidOf(store: CaseStore, record: Case, report: Report | null): Promise<string> {
  if (report) return report.study_uid;
  for (const picture of record.pictures) {
    const { names } = await openImageFile(await store.picture(picture));
    if (names) return names.studyUid;
  }
  return "";
}

/** What a person said of the woman, and the day of the examination, in the hub's words; nothing that is empty. Cases of
 * earlier releases say no day: what was sent once stays the same. */
async function said(store: CaseStore, record: Case): Promise<Record<string, unknown>> {
  const details = await store.details(record), { number, name, last_period, indication, fetus_images } = details;
  const study_date = record.capturedDay === undefined ? "" : examinationDay(record, details);
  const fetuses = Number(details.fetuses) || "", of_image = Object.keys(fetus_images).length > 0 ? fetus_images : "";
  const all = { patient_id: number, patient_name: name, study_date, last_period, indication, fetuses, fetus_images: of_image };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
}

async function sendPictures(store: CaseStore, hub: HubClient, record: Case): Promise<void> {
  if (record.missing === null) return; // its report was refused
  for (const picture of record.pictures) {
    if (!record.missing.includes(picture.sha256)) continue;
    const waits = record.anyNetwork ? "" : await waitsFor(picture.size);
    if (waits) {
      await store.note(record, { problem: waits });
      return;
    }
    await sendPicture(store, hub, record, picture);
  }
  const { missing } = await hub.get<{ missing: string[] }>(`/api/sync/cases/${record.id}?version=${record.version}`);
  if (missing.length === 0) await store.received(record);
  else await store.note(record, { missing, uploads: {}, problem: "incomplete_body" });
}

async function sendPicture(store: CaseStore, hub: HubClient, record: Case, picture: Picture): Promise<void> {
  const [x, y] = picture.pixelMm ?? [];
  const scale: UploadMetadata = x && y ? { pixel_mm_x: String(x), pixel_mm_y: String(y) } : {};
  const metadata = { case: record.id, sha256: picture.sha256, filetype: picture.media_type, ...scale };
  await upload(hub, await store.picture(picture), metadata, record.uploads[picture.sha256] ?? "", (path) => {
    record.uploads = { ...record.uploads, [picture.sha256]: path };
    return store.note(record, { uploads: record.uploads });
  }, note);
}

interface Changes {
  items: { case_id: string; comment?: string; examination?: HubFacts; results: { version: number; origin: string; reviewed: unknown; report: Report }[] }[];
  /** Cases that were erased at the hub: they are erased here, too. */
  forget?: string[];
  cursor: number | string;
  more: boolean;
}

async function fetchAnswers(store: CaseStore, hub: HubClient): Promise<void> {
  for (let more = true; more;) {
    const cursor = (await read<string>("facts", "cursor")) ?? "0";
    const page = await hub.get<Changes>(`/api/sync/changes?cursor=${encodeURIComponent(cursor)}`);
    for (const item of page.items) {
      for (const result of item.results) {
        if (result.origin !== "phone") await store.answered(item.case_id, result.version, result.report, Boolean(result.reviewed));
      }
      await store.commented(item.case_id, item.comment ?? "");
      if (item.examination) await store.told(item.case_id, item.examination);
    }
    for (const id of page.forget ?? []) {
      await store.delete(id);
      await hub.request(`/api/sync/cases/${id}`, { method: "DELETE" });
    }
    await write("facts", String(page.cursor), "cursor");
    more = page.more;
  }
}
