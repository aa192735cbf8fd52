import type { JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import type { Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { type Frame, type Picture, thumbnailUrl } from "../study/frames";

interface Props {
  study: Study;
  frames: readonly Frame[];
  pictures: readonly Picture[];
  index: number;
  choose: (index: number) => void;
  /** SOP Instance UID and why it could not be read. */
  skipped: readonly [string, string][];
  /** The plane of a frame as it stands on the page, a person's changes in it. */
  planeOf: (frame: Frame) => string | null;
  /** The measures for which an image counts. */
  countedOn: ReadonlyMap<string, string[]>;
  changed: ReadonlySet<string>;
}

/** All images of the examination, small, with plane and state. */
export function Thumbnails(props: Props): JSX.Element | null {
  const { pictures, frames, index } = props;
  const strip = useRef<HTMLOListElement>(null);
  const here = pictures.findIndex((one) => index >= one.first && index < one.first + one.count);
  useEffect(() => {
    const list = strip.current, item = list?.children[here] as HTMLElement | undefined;
    if (!list || !item) return;
    const left = item.offsetLeft - list.offsetLeft, right = left + item.offsetWidth;
    if (left < list.scrollLeft) list.scrollLeft = left;
    else if (right > list.scrollLeft + list.clientWidth) list.scrollLeft = right - list.clientWidth;
  }, [here]);
  if (pictures.length < 2) return null;
  return (
    <ol class="thumbnails" aria-label={t("images.title")} ref={strip}>
      {pictures.map((picture, n) => {
        const frame = frames[picture.best]!;
        const why = props.skipped.find(([uid]) => uid === picture.sopUid)?.[1];
        const plane = props.planeOf(frame);
        const state = why ? "refused" : plane ? "read" : frame.reading ? "unclear" : "unread";
        const words = why ? code("problem", why) : plane ? code("plane", plane) : t(frame.reading ? "confidence.no_plane_short" : "images.unread");
        const counted = props.countedOn.get(picture.sopUid) ?? [];
        return (
          <li key={picture.sopUid}>
            <button type="button" class={`thumbnail ${state}`} aria-current={n === here ? "true" : undefined} onClick={() => props.choose(picture.best)}
              title={words} aria-label={`${t("images.one", { n: n + 1, all: pictures.length })}, ${words}${counted.length > 0 ? `, ${t("images.counts", { list: counted.join(", ") })}` : ""}`}>
              <span class="thumbnail-picture">
                <img src={thumbnailUrl(props.study, frame)} alt="" loading="lazy" width="96" height="72" />
                {picture.count > 1 && <i aria-hidden="true">▶ {picture.count}</i>}
                {counted.length > 0 && <b aria-hidden="true">{counted.join(" ")}</b>}
              </span>
              <span class="thumbnail-words">{props.changed.has(picture.sopUid) && "✎ "}{words}</span>
            </button>
          </li>
        );
      })}
    </ol>
  );
}
