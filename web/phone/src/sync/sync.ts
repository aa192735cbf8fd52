import type { Report } from "@fada/shared/api/types";
import { read, write } from "../store/database";
import type { Case, Outbox, Picture } from "../store/cases";
import { type Hub, Refused } from "./hubClient";

const STEP = 256 * 1024;

/** Reports of all waiting cases first, then their pictures, then the hub's answers. Every step can be
 * cut and repeated. @throws Refused with status 0 or 401: later, or never again. */
export function sync(outbox: Outbox, hub: Hub, changed: () => void): Promise<void> {
  return navigator.locks.request("sync", async () => {
    for (const work of [sendReport, sendPictures]) {
      for (const waiting of await outbox.waiting()) {
        const found = await outbox.attempt(waiting.id);
        if (!found) continue;
        changed();
        try {
          await work(outbox, hub, found);
        } catch (reason) {
          if ((await outbox.get(found.id)) === undefined) continue; // deleted meanwhile
          if (!(reason instanceof Refused) || reason.status === 0 || reason.status === 401 || reason.status >= 500) throw reason;
          await outbox.note(found, { problem: reason.code, ...(reason.status === 404 ? { missing: null } : {}) });
        }
        changed();
      }
    }
    await fetchAnswers(outbox, hub);
    changed();
  });
}

async function sendReport(outbox: Outbox, hub: Hub, found: Case): Promise<void> {
  if (found.missing !== null) return;
  // The same case and version always give the same bytes: the hub compares them. A scale belongs to a picture and
  // goes with it; examinations that DICOM files name keep their name.
  const report = await outbox.report(found);
  const pictures = found.pictures.map(({ sha256, size, media_type }) => ({ sha256, size, media_type }));
  const study = report && found.study ? { study_uid: report.study_uid } : {};
  const body = JSON.stringify({ urgent: found.urgent, pictures, pixel_mm: null, ...study, report });
  const answer = await hub.ask(`/api/sync/cases/${found.id}/versions/${found.version}`, { method: "PUT", headers: { "Content-Type": "application/json" }, body });
  await outbox.note(found, { missing: ((await answer.json()) as { missing: string[] }).missing });
}

async function sendPictures(outbox: Outbox, hub: Hub, found: Case): Promise<void> {
  if (found.missing === null) return; // its report was refused
  for (const picture of found.pictures) {
    if (found.missing.includes(picture.sha256)) await sendPicture(outbox, hub, found, picture);
  }
  const { missing } = await hub.get<{ missing: string[] }>(`/api/sync/cases/${found.id}?version=${found.version}`);
  if (missing.length === 0) await outbox.received(found);
  else await outbox.note(found, { missing, uploads: {} });
}

/** tus 1.0: goes on from the hub's durable offset; each piece carries its checksum. */
async function sendPicture(outbox: Outbox, hub: Hub, found: Case, picture: Picture): Promise<void> {
  const bytes = await (await outbox.picture(picture)).arrayBuffer();
  let path = found.uploads[picture.sha256] ?? "";
  let offset = path ? await offsetOf(hub, path) : -1;
  if (offset < 0) {
    const [x, y] = picture.pixelMm ?? [];
    const scale = x && y ? { pixel_mm_x: String(x), pixel_mm_y: String(y) } : {};
    const metadata = { case: found.id, sha256: picture.sha256, filetype: picture.media_type, ...scale };
    const answer = await hub.ask("/tus/", {
      method: "POST",
      headers: {
        "Tus-Resumable": "1.0.0", "Upload-Length": String(bytes.byteLength),
        "Upload-Metadata": Object.entries(metadata).map(([name, value]) => `${name} ${btoa(value)}`).join(","),
      },
    });
    path = new URL(answer.headers.get("Location")!, location.href).pathname;
    offset = 0;
    found.uploads = { ...found.uploads, [picture.sha256]: path };
    await outbox.note(found, { uploads: found.uploads });
  }
  while (offset < bytes.byteLength) {
    const piece = bytes.slice(offset, offset + STEP);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", piece));
    const answer = await hub.ask(path, {
      method: "PATCH", body: piece,
      headers: {
        "Tus-Resumable": "1.0.0", "Content-Type": "application/offset+octet-stream", "Upload-Offset": String(offset),
        "Upload-Checksum": `sha256 ${btoa(String.fromCharCode(...digest))}`,
      },
    });
    offset = Number(answer.headers.get("Upload-Offset"));
  }
}

async function offsetOf(hub: Hub, path: string): Promise<number> {
  try {
    return Number((await hub.ask(path, { method: "HEAD", headers: { "Tus-Resumable": "1.0.0" } })).headers.get("Upload-Offset"));
  } catch (reason) {
    if (reason instanceof Refused && (reason.status === 404 || reason.status === 410)) return -1; // over: begin again
    throw reason;
  }
}

interface Changes {
  items: { case_id: string; results: { version: number; origin: string; reviewed: unknown; report: Report }[] }[];
  cursor: number | string;
  more: boolean;
}

async function fetchAnswers(outbox: Outbox, hub: Hub): Promise<void> {
  for (let more = true; more;) {
    const cursor = (await read<string>("facts", "cursor")) ?? "0";
    const page = await hub.get<Changes>(`/api/sync/changes?cursor=${encodeURIComponent(cursor)}`);
    for (const item of page.items) {
      for (const result of item.results) {
        if (result.origin !== "phone") await outbox.answered(item.case_id, result.version, result.report, Boolean(result.reviewed));
      }
    }
    await write("facts", String(page.cursor), "cursor");
    more = page.more;
  }
}
