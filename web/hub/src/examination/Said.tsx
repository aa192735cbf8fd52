import type { JSX } from "preact";
import { code, t } from "@fada/shared/i18n";
import { dateTime } from "../shell/format";
import type { Said } from "../api/examination";

/** Who said which facts, and when: a person, a phone, the order, the images' header. */
export function SaidBy({ said }: { said: readonly Said[] }): JSX.Element | null {
  if (said.length === 0) return null;
  return (
    <p class="small said-by">
      {t("fact.said_by")}: {said.map((one) => {
        const kind = one.kind === "person" ? "" : code("source", one.kind);
        const who = [`${kind} ${one.name}`.trim(), one.at ? dateTime(one.at) : ""].filter(Boolean).join(", ");
        return `${who} (${[...new Set(one.facts.map((name) => code("fact", name)))].join(", ")})`;
      }).join(" · ")}
    </p>
  );
}
