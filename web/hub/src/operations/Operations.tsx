import type { ComponentType, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Key, t } from "@fada/shared/i18n";
import { hasRole, useMe } from "../shell/session";
import { Accounts } from "./Accounts";
import { Agreement } from "./Agreement";
import { Audit } from "./Audit";
import { Phones } from "./phones/Phones";
import { Deliveries } from "./Deliveries";
import { Destinations } from "./destinations/Destinations";
import { Keys } from "./Keys";
import { Queue } from "./Queue";
import { Releases } from "./Releases";
import { Retention } from "./Retention";
import { Webhooks } from "./Webhooks";
import { Workitems } from "./Workitems";
import "../style/operations.css";

const TABS: Record<string, { title: Key; Part: ComponentType }> = {
  queue: { title: "ops.queue", Part: Queue },
  deliveries: { title: "ops.deliveries", Part: Deliveries },
  destinations: { title: "ops.destinations", Part: Destinations },
  workitems: { title: "ops.workitems", Part: Workitems },
  phones: { title: "ops.phones", Part: Phones },
  releases: { title: "ops.releases", Part: Releases },
  readers: { title: "ops.readers", Part: Agreement },
  accounts: { title: "ops.accounts", Part: Accounts },
  keys: { title: "ops.keys", Part: Keys },
  webhooks: { title: "ops.webhooks", Part: Webhooks },
  retention: { title: "ops.retention", Part: Retention },
  audit: { title: "ops.audit", Part: Audit },
};

/** What a manager sees: the queue, what failed in it, deliveries to other systems, phones, releases, keys and who did what. */
export function Operations({ tab }: { tab: string }): JSX.Element {
  const me = useMe();
  const chosen = TABS[tab] ?? TABS["queue"]!;
  useEffect(() => { document.title = `${t(chosen.title)} · FADA`; });
  if (!hasRole(me, "manager")) return <main id="main" class="page"><p class="bad">{t("problem.forbidden")}</p></main>;
  return (
    <main id="main" class="page operations">
      <h1>{t("nav.operations")}</h1>
      <nav class="tabs" aria-label={t("nav.operations")}>
        {Object.entries(TABS).map(([name, { title }]) => (
          <a key={name} href={`/operations/${name}`} data-inside aria-current={chosen.title === title ? "page" : undefined}>{t(title)}</a>
        ))}
      </nav>
      <chosen.Part />
    </main>
  );
}
