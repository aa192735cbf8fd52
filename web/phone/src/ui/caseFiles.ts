import { useEffect, useRef, useState } from "preact/hooks";
import type { FrameReading, Report } from "@fada/shared/api/types";
import { Unreadable } from "../dicom/unreadable";
import { type ImageFile, openImageFile } from "../reading/imageFile";
import { sopUid } from "../case/ids";
import type { Case, CaseStore } from "../store/cases";

/** A file of the case, opened, under the name that reports have for it. */
export interface OpenFile { sopUid: string; source: ImageFile }
export interface FrameRef { picture: number; frame: number }

/** The case's files, opened anew when others join them. */
export function useCaseFiles(store: CaseStore, record: Case): OpenFile[] {
  const [files, setFiles] = useState<OpenFile[]>([]);
  const hashes = record.pictures.map((p) => p.sha256).join();
  useEffect(() => {
    let here = true;
    if (record.imagesGone) return setFiles([]);
    void Promise.all(record.pictures.map(async (picture) => {
      const opened = await openImageFile(await store.picture(picture));
      return { sopUid: opened.names?.sopUid ?? await sopUid(record.id, picture.sha256), source: opened };
    })).then((opened) => { if (here) setFiles(opened); }, (reason: unknown) => console.warn(reason instanceof Unreadable ? reason.code : "closed"));
    return () => { here = false; };
  }, [hashes, record.imagesGone]);
  return files;
}

/** Frames as pictures for the screen, made once and given back at the end. */
export function useFrameUrls(files: readonly OpenFile[]): (ref: FrameRef) => Promise<string> {
  const made = useRef(new Map<string, Promise<string>>());
  useEffect(() => () => {
    for (const url of made.current.values()) void url.then(URL.revokeObjectURL, () => undefined);
    made.current.clear();
  }, []);
  return ({ picture, frame }) => {
    const { sopUid: name, source: from } = files[picture]!;
    const key = `${name}/${frame}`;
    if (!made.current.has(key)) made.current.set(key, from.shown(frame).then((blob) => URL.createObjectURL(blob)));
    return made.current.get(key)!;
  };
}

/** What the reports read, in the case's order; at least one for each file. */
export function frameRefs(files: readonly OpenFile[], reports: readonly (Report | null)[]): FrameRef[] {
  return files.flatMap(({ sopUid: name }, picture) => {
    const read = reports.flatMap((report) => report?.frames ?? []).filter((f) => f.sop_uid === name).map((f) => f.frame);
    const frames = [...new Set(read)].sort((a, b) => a - b);
    return (frames.length > 0 ? frames : [1]).map((frame) => ({ picture, frame }));
  });
}

/** What a report says of a frame; null when it was not read. */
export const readingOf = (report: Report | null, files: readonly OpenFile[], { picture, frame }: FrameRef): FrameReading | null =>
  report?.frames.find((f) => f.sop_uid === files[picture]?.sopUid && f.frame === frame) ?? null;

/** The frame that represents a report: most measurements, then the surest plane. */
export function bestFrame(files: readonly OpenFile[], report: Report | null): FrameRef | null {
  const worth = (f: FrameReading): number => f.measurements.length + (f.plane?.confidence ?? -1);
  const chosen = report?.frames.reduce<FrameReading | null>((top, f) => (top === null || worth(f) > worth(top) ? f : top), null);
  const picture = files.findIndex((opened) => opened.sopUid === chosen?.sop_uid);
  return chosen && picture >= 0 ? { picture, frame: chosen.frame } : null;
}
