import { navigate } from "../shell/router";
import { useShortcuts } from "../shell/shortcuts";
import type { Action } from "../review/SignDialog";
import type { Place } from "../study/order";
import type { Overlays } from "./ImagePanels";
import type { Reading } from "./useReading";

interface Keys {
  reading: Reading;
  overlays: Overlays;
  place: Place | null;
  editing: boolean;
  setEditing: (on: (was: boolean) => boolean) => void;
  /** Null where nothing can be changed. */
  act: ((action: Action) => void) | null;
  urgent: (() => void) | null;
}

/** The keys of a case; shell/Help names them. Those that a tool has rest while somebody draws. */
export function useCaseKeys({ reading, overlays, place, editing, setEditing, act, urgent }: Keys): void {
  const { frames, pictures, picture, setIndex, history } = reading;
  const step = (by: number) => (): void => setIndex((i) => Math.min(frames.length - 1, Math.max(0, i + by)));
  const stepPicture = (by: number) => (): void => {
    const next = picture && pictures[pictures.indexOf(picture) + by];
    if (next) setIndex(next.best);
  };
  const keyed = frames.flatMap((one, i) => (one.reading ? [i] : []));
  const go = (id: string | null | undefined) => (): void => { if (id) navigate(`/study/${id}`); };
  useShortcuts({
    o: () => overlays.setOriginal((v) => !v), m: () => overlays.setOpacity((v) => (v === 0 ? 0.2 : 0)),
    ArrowLeft: step(-1), ArrowRight: step(1), ArrowUp: stepPicture(-1), ArrowDown: stepPicture(1),
    "[": () => setIndex((i) => keyed.filter((k) => k < i).at(-1) ?? i), "]": () => setIndex((i) => keyed.find((k) => k > i) ?? i),
    "+": () => overlays.zoom("larger"), "=": () => overlays.zoom("larger"), "-": () => overlays.zoom("smaller"), "0": () => overlays.zoom("whole"),
    n: go(place?.after), ...(urgent ? { u: urgent } : {}),
    ...(act ? {
      e: () => setEditing((v) => !v), a: () => act("accept"), s: () => act("sign"),
      "ctrl+z": (event: KeyboardEvent) => (event.shiftKey ? history.redo() : history.undo()), "ctrl+y": history.redo,
    } : {}),
    ...(editing ? {} : { Escape: () => navigate("/"), p: go(place?.before) }),
  });
}
