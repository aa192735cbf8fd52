import { useCallback, useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { refuse } from "../shell/toasts";

/** What the hub answers at `path`, asked again every `seconds` (0: only when told). */
export function useLoad<T>(path: string, seconds = 0): [T | null, () => void] {
  const [found, setFound] = useState<T | null>(null);
  const load = useCallback((quiet = false): void => {
    get<T>(path).then(setFound, (reason) => { if (!quiet) refuse(reason); });
  }, [path]);
  useEffect(() => {
    load();
    if (seconds === 0) return;
    const timer = setInterval(() => load(true), seconds * 1000);
    return () => clearInterval(timer);
  }, [load, seconds]);
  return [found, () => load()];
}
