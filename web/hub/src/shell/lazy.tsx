import type { ComponentType, JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";

/** A part of the pages that is fetched when it is first needed. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | null = null;
  return function Lazy(props: P): JSX.Element {
    const [Part, setPart] = useState<ComponentType<P> | null>(() => loaded);
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (loaded) return;
      load().then((part) => { loaded = part; setPart(() => part); }, () => setFailed(true));
    }, []);
    if (Part) return <Part {...props} />;
    return <p class="waiting" role="status">{failed ? t("problem.offline") : t("loading")}</p>;
  };
}
