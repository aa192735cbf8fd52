import { useEffect, useRef, useState } from "preact/hooks";
import type { FrameReading, Report } from "@fada/shared/api/types";
import { Unreadable } from "../dicom/unreadable";
import { type Source, source } from "../reading/imageFile";
import { sopUid } from "../case/ids";
import type { Case, Outbox } from "../store/cases";

/** A file of the case, opened, under the name that reports have for it. */
export interface Opened { sopUid: string; source: Source }
export interface Place { picture: number; frame: number }

/** The case's files, opened anew when others join them. */
export function useShelf(outbox: Outbox, found: Case): Opened[] {
  const [shelf, setShelf] = useState<Opened[]>([]);
  const hashes = found.pictures.map((p) => p.sha256).join();
  useEffect(() => {
    let here = true;
    void Promise.all(found.pictures.map(async (picture) => {
      const opened = await source(await outbox.picture(picture));
      return { sopUid: opened.names?.sopUid ?? await sopUid(found.id, picture.sha256), source: opened };
    })).then((opened) => { if (here) setShelf(opened); }, (reason: unknown) => console.warn(reason instanceof Unreadable ? reason.code : "closed"));
    return () => { here = false; };
  }, [hashes]);
  return shelf;
}

/** Frames as pictures for the screen, made once and given back at the end. */
export function usePictures(shelf: readonly Opened[]): (place: Place) => Promise<string> {
  const made = useRef(new Map<string, Promise<string>>());
  useEffect(() => () => {
    for (const url of made.current.values()) void url.then(URL.revokeObjectURL, () => undefined);
    made.current.clear();
  }, []);
  return ({ picture, frame }) => {
    const { sopUid: name, source: from } = shelf[picture]!;
    const key = `${name}/${frame}`;
    if (!made.current.has(key)) made.current.set(key, from.shown(frame).then((blob) => URL.createObjectURL(blob)));
    return made.current.get(key)!;
  };
}

/** What the reports read, in the case's order; at least one place for each file. */
export function places(shelf: readonly Opened[], reports: readonly (Report | null)[]): Place[] {
  return shelf.flatMap(({ sopUid: name }, picture) => {
    const read = reports.flatMap((report) => report?.frames ?? []).filter((f) => f.sop_uid === name).map((f) => f.frame);
    const frames = [...new Set(read)].sort((a, b) => a - b);
    return (frames.length > 0 ? frames : [1]).map((frame) => ({ picture, frame }));
  });
}

export const readingOf = (report: Report | null, shelf: readonly Opened[], { picture, frame }: Place): FrameReading | null =>
  report?.frames.find((f) => f.sop_uid === shelf[picture]?.sopUid && f.frame === frame) ?? null;

/** The frame that speaks for a report: most measurements, then the surest plane. */
export function best(shelf: readonly Opened[], report: Report | null): Place | null {
  const worth = (f: FrameReading): number => f.measurements.length + (f.plane?.confidence ?? -1);
  const speaking = report?.frames.reduce<FrameReading | null>((top, f) => (top === null || worth(f) > worth(top) ? f : top), null);
  const picture = shelf.findIndex((opened) => opened.sopUid === speaking?.sop_uid);
  return speaking && picture >= 0 ? { picture, frame: speaking.frame } : null;
}
