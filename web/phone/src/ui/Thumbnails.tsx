import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { FrameReading } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import type { FrameRef } from "./caseFiles";

interface Props {
  all: readonly FrameRef[];
  at: FrameRef;
  go: (ref: FrameRef) => void;
  picture: (ref: FrameRef) => Promise<string>;
  reading: (ref: FrameRef) => FrameReading | null;
}

const same = (a: FrameRef, b: FrameRef): boolean => a.picture === b.picture && a.frame === b.frame;

/** The pictures of a case beside each other, each with its plane. */
export function Thumbnails({ all, at, go, picture, reading }: Props): JSX.Element {
  return (
    <ul class="strip">
      {all.map((ref, i) => (
        <li key={`${ref.picture}/${ref.frame}`}>
          <button type="button" aria-pressed={same(ref, at)} onClick={() => go(ref)}>
            <Thumbnail load={() => picture(ref)} alt={t("phone.image_of", { n: i + 1, all: all.length })} />
            <small>{plane(reading(ref))}</small>
          </button>
        </li>
      ))}
    </ul>
  );
}

function plane(reading: FrameReading | null): string {
  if (reading === null) return "–";
  return reading.plane ? code("plane", reading.plane.label) : t("plane.no_plane");
}

function Thumbnail({ load, alt }: { load: () => Promise<string>; alt: string }): JSX.Element {
  const [url, setUrl] = useState("");
  useEffect(() => {
    let here = true;
    load().then((made) => { if (here) setUrl(made); }, () => undefined);
    return () => { here = false; };
  }, []);
  return url ? <img src={url} alt={alt} width="64" height="48" /> : <span class="no-picture" role="img" aria-label={alt} />;
}
