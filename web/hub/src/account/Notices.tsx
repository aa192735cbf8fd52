import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { toast, toastError } from "../shell/toasts";
import { canBeTold, pushKey, subscribe, subscription, unsubscribe } from "./push";

/** Whether this browser is told of cases, and the button to change it. Nothing where the site tells no browsers. */
export function Notices(): JSX.Element | null {
  const [key, setKey] = useState<string | null>(null);
  const [subscribed, setSubscribed] = useState(false);
  const able = canBeTold();
  useEffect(() => {
    void pushKey().then(setKey, toastError);
    if (able) void subscription().then((one) => setSubscribed(one !== null), () => setSubscribed(false));
  }, [able]);
  if (!key) return null;
  const start = (): void => void subscribe(key).then(
    () => { setSubscribed(true); toast("notices.started"); }, () => toast("notices.denied"),
  );
  const end = (): void => void unsubscribe().then(() => { setSubscribed(false); toast("notices.ended"); }, toastError);
  return (
    <section>
      <h2>{t("notices.title")}</h2>
      <p class="muted">{t("notices.hint")}</p>
      {!able ? <p class="muted">{t("notices.cannot")}</p>
        : subscribed ? <button type="button" onClick={end}>{t("notices.end")}</button>
          : <button type="button" class="main" onClick={start}>{t("notices.start")}</button>}
    </section>
  );
}
