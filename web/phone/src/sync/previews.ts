import type { Case, CaseStore } from "../store/cases";
import { sopUid } from "../case/ids";
import { openImageFile } from "../reading/imageFile";
import { smallJpeg } from "../reading/thumbnail";
import { type HubClient, HubError } from "./hubClient";
import { note } from "./link";
import { upload } from "./upload";

const SIDE = 640, MOST_BYTES = 30_000;
/** A smaller picture is sent itself: its preview would cost nearly as much. */
const WORTH_BYTES = 65_536;

/** A small copy of each frame that was read, of pictures that are large and not at the hub, so that a reader there can
 * answer while they wait. A preview that fails keeps no picture back. @throws HubError: later, or never again. */
export async function sendPreviews(store: CaseStore, hub: HubClient, record: Case): Promise<void> {
  const done = new Set(record.previewed ?? []);
  const waiting = record.pictures.filter((p) => record.missing?.includes(p.sha256) && p.size >= WORTH_BYTES && p.reads.length > 0 && !done.has(p.sha256));
  for (const picture of waiting) {
    try {
      const opened = await openImageFile(await store.picture(picture));
      const name = opened.names?.sopUid ?? await sopUid(record.id, picture.sha256);
      for (const frame of picture.reads) {
        const jpeg = await smallJpeg(await opened.shown(frame), SIDE, MOST_BYTES);
        await sendPreview(store, hub, record, `${name}/${frame}`, jpeg);
      }
    } catch (reason) {
      if (reason instanceof HubError && (reason.status === 0 || reason.status === 401 || reason.status >= 500)) throw reason;
    }
    done.add(picture.sha256);
    await store.note(record, { previewed: [...done] });
  }
}

/** By tus, so that a cut costs what was on the way alone. */
function sendPreview(store: CaseStore, hub: HubClient, record: Case, preview: string, jpeg: Blob): Promise<void> {
  const metadata = { case: record.id, preview };
  return upload(hub, jpeg, metadata, record.uploads[preview] ?? "", (path) => {
    record.uploads = { ...record.uploads, [preview]: path };
    return store.note(record, { uploads: record.uploads });
  }, note, "/tus/previews/");
}

