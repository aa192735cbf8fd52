import { useEffect, useState } from "preact/hooks";

const listeners = new Set<() => void>();
const notify = (): void => listeners.forEach((listener) => listener());

/** Shows the page at `path`; `replace` leaves no entry in the browser's history. */
export function navigate(path: string, replace = false): void {
  if (path === location.pathname + location.search) return;
  history[replace ? "replaceState" : "pushState"]({}, "", path);
  if (!replace) scrollTo(0, 0);
  notify();
}

addEventListener("popstate", notify);

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
