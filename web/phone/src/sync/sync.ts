import type { Report } from "@fada/shared/api/types";
import { read, write } from "../store/database";
import type { Picture } from "../case/picture";
import type { Case, CaseStore } from "../store/cases";
import { type HubClient, HubError } from "./hubClient";
import { type UploadMetadata, upload } from "./upload";

/** Reports of all waiting cases first, then their pictures, then the hub's answers. Every step can be
 * cut and repeated. @throws HubError with status 0 or 401: later, or never again. */
export function sync(store: CaseStore, hub: HubClient, changed: () => void): Promise<void> {
  return navigator.locks.request("sync", async () => {
    for (const work of [sendReport, sendPictures]) {
      for (const waiting of await store.waiting()) {
        const record = await store.attempt(waiting.id);
        if (!record) continue;
        changed();
        try {
          await work(store, hub, record);
        } catch (reason) {
          if ((await store.get(record.id)) === undefined) continue; // deleted meanwhile
          if (!(reason instanceof HubError) || reason.status === 0 || reason.status === 401 || reason.status >= 500) throw reason;
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
  // The same case and version always give the same bytes: the hub compares them. A scale belongs to a picture and
  // goes with it; examinations that DICOM files name keep their name.
  const report = await store.report(record);
  const pictures = record.pictures.map(({ sha256, size, media_type }) => ({ sha256, size, media_type }));
  const study = report && record.study ? { study_uid: report.study_uid } : {};
  const body = JSON.stringify({ urgent: record.urgent, pictures, pixel_mm: null, ...study, report });
  const response = await hub.request(`/api/sync/cases/${record.id}/versions/${record.version}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body });
  await store.note(record, { missing: ((await response.json()) as { missing: string[] }).missing });
}

async function sendPictures(store: CaseStore, hub: HubClient, record: Case): Promise<void> {
  if (record.missing === null) return; // its report was refused
  for (const picture of record.pictures) {
    if (record.missing.includes(picture.sha256)) await sendPicture(store, hub, record, picture);
  }
  const { missing } = await hub.get<{ missing: string[] }>(`/api/sync/cases/${record.id}?version=${record.version}`);
  if (missing.length === 0) await store.received(record);
  else await store.note(record, { missing, uploads: {} });
}

async function sendPicture(store: CaseStore, hub: HubClient, record: Case, picture: Picture): Promise<void> {
  const [x, y] = picture.pixelMm ?? [];
  const scale: UploadMetadata = x && y ? { pixel_mm_x: String(x), pixel_mm_y: String(y) } : {};
  const metadata = { case: record.id, sha256: picture.sha256, filetype: picture.media_type, ...scale };
  await upload(hub, await store.picture(picture), metadata, record.uploads[picture.sha256] ?? "", (path) => {
    record.uploads = { ...record.uploads, [picture.sha256]: path };
    return store.note(record, { uploads: record.uploads });
  });
}

interface Changes {
  items: { case_id: string; results: { version: number; origin: string; reviewed: unknown; report: Report }[] }[];
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
    }
    await write("facts", String(page.cursor), "cursor");
    more = page.more;
  }
}
