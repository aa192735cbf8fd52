import { useCallback, useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import { toastError } from "../shell/toasts";

/** What the hub answers at `path`, asked again every `seconds` (0: only on reload). */
export function usePolling<T>(path: string, seconds = 0): [T | null, () => void] {
  const [answer, setAnswer] = useState<T | null>(null);
  const load = useCallback((quiet = false): void => {
    get<T>(path).then(setAnswer, (reason) => { if (!quiet) toastError(reason); });
  }, [path]);
  useEffect(() => {
    load();
    if (seconds === 0) return;
    const timer = setInterval(() => load(true), seconds * 1000);
    return () => clearInterval(timer);
  }, [load, seconds]);
  return [answer, () => load()];
}
