import type { JSX } from "preact";
import type { Report } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import { type Case, isAfterReview } from "../../store/cases";

/** What a person at the hub says of the case, before anything else; and that something newer came after it. */
export function ReviewNote({ record, comment, hub }: { record: Case; comment: string; hub: Report | null }): JSX.Element | null {
  const after = isAfterReview(record), words = [...new Set([comment, hub?.comment ?? ""])].filter((text) => text !== "");
  if (words.length === 0 && !hub?.reviewed_by && !after) return null;
  return (
    <section class="note review-note">
      {words.map((text) => <p key={text} class="comment">{text}</p>)}
      {hub?.reviewed_by && <p class="small">{t("label.reviewed", { who: hub.reviewed_by })}</p>}
      {after && <p class="warn" role="status">{t("phone.after_review")}</p>}
    </section>
  );
}
