import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { code, t } from "../i18n";

/** Where a finding comes from, laid over the frame; a child of the viewer's drawing. */
export function HeatLayer({ src, width, height }: { src: string | null; width: number; height: number }): JSX.Element {
  return src === null ? <g /> : <image href={src} width={width} height={height} preserveAspectRatio="none" style={{ pointerEvents: "none" }} />;
}

interface Props {
  /** The structures that were found in the frame. */
  structures: readonly string[];
  hasPlane: boolean;
  /** Names the frame: another one takes the map away. */
  frame: string;
  /** Fetches the map of a finding, and which release it is of: name, version and hash. */
  load: (of: string) => Promise<{ picture: Blob; release: string }>;
  /** The release that has read the frame, in the same form: a map of another one does not explain what it found. */
  readBy: string;
  /** The map that is shown, as an address for `HeatLayer`; null for none. */
  show: (src: string | null) => void;
}

/** A release's name and version, without its hash. */
const named = (release: string): string => release.split(" ").slice(0, 2).join(" ");

/** One switch a finding; at most one map is shown, and it is asked for when it is switched on. */
export function HeatSwitches({ structures, hasPlane, frame, load, readBy, show }: Props): JSX.Element {
  const [shown, setShown] = useState<string | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [failed, setFailed] = useState(false);
  const [madeBy, setMadeBy] = useState("");
  useEffect(() => {
    setShown(null);
    show(null);
  }, [frame]);
  const toggle = async (of: string): Promise<void> => {
    setFailed(false);
    show(null);
    if (shown === of) return setShown(null);
    setShown(null);
    setBusy(of);
    try {
      const map = await load(of);
      show(URL.createObjectURL(map.picture));
      setMadeBy(map.release);
      setShown(of);
    } catch {
      setFailed(true);
    } finally {
      setBusy(null);
    }
  };
  const findings = [...(hasPlane ? ["plane"] : []), ...structures];
  return (
    <section class="panel heat" aria-labelledby="heat-title">
      <h2 id="heat-title">{t("heat.title")}</h2>
      <p class="buttons">
        {findings.map((of) => (
          <button key={of} type="button" aria-pressed={shown === of} disabled={busy !== null} onClick={() => void toggle(of)}>
            {busy === of ? "…" : of === "plane" ? t("filter.plane") : code("structure", of)}
          </button>
        ))}
      </p>
      {findings.length === 0 && <p class="muted">{t("structures.none")}</p>}
      {failed && <p class="warn small" role="alert">{t("heat.failed")}</p>}
      {shown !== null && madeBy !== readBy && <p class="warn small" role="status">{t("heat.other_release", { made: named(madeBy), read: named(readBy) })}</p>}
      <p class="muted small">{t("heat.note")}</p>
    </section>
  );
}
