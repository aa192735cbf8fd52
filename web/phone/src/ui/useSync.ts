import { useCallback, useState } from "preact/hooks";
import type { CaseStore } from "../store/cases";
import { type HubClient, HubError } from "../sync/hubClient";
import { handIn } from "../sync/carried";
import { speak } from "../sync/device";
import { givenSettings, isQuiet } from "../sync/given";
import { sync } from "../sync/sync";

/** Sending, one round at a time. */
export interface Sending { sending: boolean; send: (loud?: boolean) => Promise<void> }

/** `loud`: also say that there is no network. `sent` after a round that went through. */
export function useSync(store: CaseStore, hub: HubClient, refresh: () => Promise<void>, say: (reason: unknown) => void, sent: () => void): Sending {
  const [sending, setSending] = useState(false);
  const send = useCallback(async (loud = false): Promise<void> => {
    const given = await givenSettings();
    if (!loud && isQuiet(given) && !(await store.waiting()).some((c) => c.urgent)) return; // a person's wish and urgent cases go
    setSending(true);
    try {
      await sync(store, hub, () => void refresh());
      await handIn(hub);
      await speak(store, hub);
      const { keep_days: days } = await givenSettings();
      if (days !== undefined) await store.letImagesGo(days);
      sent();
    } catch (reason) {
      if (loud || !(reason instanceof HubError && reason.status === 0)) say(reason);
    }
    setSending(false);
    void refresh();
  }, [store, hub, refresh]);
  return { sending, send };
}
