import { useLayoutEffect } from "preact/hooks";

const isTyping = (target: EventTarget | null): boolean =>
  target instanceof HTMLElement &&
  (target.isContentEditable || /^(TEXTAREA|SELECT)$/.test(target.tagName) ||
    (target instanceof HTMLInputElement && !/^(checkbox|radio|range|button)$/.test(target.type)));

/** Single keys for the whole page; they rest while somebody types or a dialog is open. */
export function useShortcuts(shortcuts: Record<string, (event: KeyboardEvent) => void>): void {
  useLayoutEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.ctrlKey && !/^[zy]$/i.test(event.key)) return;
      if (event.metaKey || event.altKey || event.defaultPrevented) return;
      if (isTyping(event.target) || document.querySelector("dialog[open]")) return;
      const name = event.ctrlKey ? `ctrl+${event.key.toLowerCase()}` : event.key;
      if (name === " " && event.target instanceof Element && event.target.closest("button, a, summary, input")) return;
      const run = shortcuts[name];
      if (!run) return;
      event.preventDefault();
      run(event);
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  });
}
