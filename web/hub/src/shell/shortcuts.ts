import { useLayoutEffect } from "preact/hooks";

const typing = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target instanceof HTMLInputElement && !/^(checkbox|radio|range|button)$/.test(target.type)));

/** Single keys for the whole page; they rest while somebody types or a dialog is open. */
export function useKeys(keys: Record<string, (event: KeyboardEvent) => void>): void {
  useLayoutEffect(() => {
    const heard = (event: KeyboardEvent): void => {
      if (event.ctrlKey && !/^[zy]$/i.test(event.key)) return;
      if (event.metaKey || event.altKey || event.defaultPrevented) return;
      if (typing(event.target) || document.querySelector("dialog[open]")) return;
      const name = event.ctrlKey ? `ctrl+${event.key.toLowerCase()}` : event.key;
      const run = keys[name];
      if (!run) return;
      event.preventDefault();
      run(event);
    };
    addEventListener("keydown", heard);
    return () => removeEventListener("keydown", heard);
  });
}
