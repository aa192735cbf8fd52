import { useEffect, useState } from "preact/hooks";

type Go = () => void;

const listeners = new Set<() => void>();
const notify = (): void => listeners.forEach((listener) => listener());
let guard: ((go: Go) => void) | null = null;
let here = location.pathname + location.search;

/** Asked before the page is left by a link, a key or the browser's back button; it calls `go` when the page may be
 * left. Returns the function that ends it. */
export function guardLeaving(ask: (go: Go) => void): () => void {
  guard = ask;
  return () => { if (guard === ask) guard = null; };
}

/** Shows the page at `path`; `replace` leaves no entry in the browser's history. */
export function navigate(path: string, replace = false): void {
  if (path === location.pathname + location.search) return;
  if (guard) {
    const ask = guard;
    return ask(() => {
      if (guard === ask) guard = null;
      navigate(path, replace);
    });
  }
  history[replace ? "replaceState" : "pushState"]({}, "", path);
  here = path;
  if (!replace) scrollTo(0, 0);
  notify();
}

addEventListener("popstate", () => {
  const target = location.pathname + location.search;
  if (guard && target !== here) {
    history.pushState({}, "", here);
    return navigate(target);
  }
  here = target;
  notify();
});

/** Links inside the pages change the address without loading anything anew. */
document.addEventListener("click", (event) => {
  if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
  const link = (event.target as Element).closest?.("a");
  if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
  if (!("inside" in link.dataset)) return;
  event.preventDefault();
  navigate(link.pathname + link.search);
});

/** The parts of the present path: `/study/12/report` gives `["study", "12", "report"]`. */
export function usePath(): string[] {
  const [path, setPath] = useState(location.pathname);
  useEffect(() => {
    const changed = (): void => setPath(location.pathname);
    listeners.add(changed);
    return () => void listeners.delete(changed);
  }, []);
  return path.split("/").filter(Boolean);
}
