import { useMemo } from "preact/hooks";
import type { Live } from "../examination/live";
import { t } from "@fada/shared/i18n";
import { frameKey } from "../review/draft";
import type { Frame } from "../study/frames";
import type { Reading } from "./useReading";

export interface Images {
  /** The measures that an image counts for, by SOP Instance UID. */
  countedOn: ReadonlyMap<string, string[]>;
  /** The plane of a frame as it stands on the page, a person's changes in it. */
  planeOf: (frame: Frame) => string | null;
  /** An image by its place: `image 2`, of a clip with the frame. */
  nameOf: (sopUid: string, frame: number) => string;
  show: (sopUid: string, frame: number) => void;
}

/** What the images are to the examination on the page. */
export function useImages({ frames, pictures, draft, setIndex }: Reading, live: Live | null): Images {
  const countedOn = useMemo(() => {
    const on = new Map<string, string[]>();
    for (const { measures } of live ? [live.whole, ...live.fetuses.map((one) => one.summary)] : []) {
      for (const measure of measures) {
        for (const uid of new Set(measure.counted.map((one) => one.sop_uid))) on.set(uid, [...(on.get(uid) ?? []), measure.measure]);
      }
    }
    return on;
  }, [live]);
  return {
    countedOn,
    planeOf: (one) => draft.frames[frameKey(one.sopUid, one.frame)]?.plane ?? one.reading?.plane?.label ?? null,
    nameOf: (sopUid, frame) => {
      const n = pictures.findIndex((one) => one.sopUid === sopUid);
      return t((pictures[n]?.count ?? 1) > 1 ? "images.frame" : "images.name", { n: n + 1, frame });
    },
    show: (sopUid, frame) => {
      const at = frames.findIndex((one) => one.sopUid === sopUid && one.frame === frame);
      if (at >= 0) setIndex(at);
    },
  };
}
