import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "@fada/shared/i18n";

interface Props { title: string; close: () => void; children: ComponentChildren; wide?: boolean }

/** A modal dialog; Escape and the button close it, and focus goes back to where it was. */
export function Dialog({ title, close, children, wide }: Props): JSX.Element {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current!.showModal();
    return () => (before as HTMLElement | null)?.focus?.();
  }, []);
  return (
    <dialog ref={dialog} class={wide ? "dialog wide" : "dialog"} aria-labelledby="dialog-title" onClose={close}
      onCancel={close}>
      <header>
        <h2 id="dialog-title">{title}</h2>
        <button type="button" class="quiet" onClick={close} aria-label={t("close")}>✕</button>
      </header>
      {children}
    </dialog>
  );
}
