import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { guardLeaving } from "../shell/router";

interface Props {
  /** Whether something was changed and not saved as a version. */
  changed: boolean;
  keep: () => void;
  discard: () => void;
}

/** Leaving with unsaved changes asks: they can be kept in this browser, or discarded. */
export function LeaveDialog({ changed, keep, discard }: Props): JSX.Element | null {
  const [go, setGo] = useState<(() => void) | null>(null);
  useEffect(() => (changed ? guardLeaving((next) => setGo(() => next)) : undefined), [changed]);
  useEffect(() => {
    if (!changed) return;
    const stay = (event: BeforeUnloadEvent): void => {
      keep();
      event.preventDefault();
    };
    addEventListener("beforeunload", stay);
    return () => removeEventListener("beforeunload", stay);
  }, [changed, keep]);
  if (!go) return null;
  const leave = (what: () => void) => (): void => {
    what();
    setGo(null);
    go();
  };
  return (
    <Dialog title={t("leave.title")} close={() => setGo(null)}>
      <p>{t("leave.text")}</p>
      <p class="buttons">
        <button type="button" class="main" autofocus onClick={() => setGo(null)}>{t("leave.stay")}</button>
        <button type="button" onClick={leave(keep)}>{t("leave.keep")}</button>
        <button type="button" onClick={leave(discard)}>{t("leave.discard")}</button>
      </p>
    </Dialog>
  );
}
