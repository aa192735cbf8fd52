import { t } from "@fada/shared/i18n";
import { type Case, isAfterReview } from "../../store/cases";

/** How far a case has come; a sample case only to its reading on this phone. */
export function stateWords(c: Case): string {
  if (c.training) return t(c.state === "captured" ? "phone.state_captured" : "training.read");
  return t(isAfterReview(c) ? "phone.after_review_short" : `phone.state_${c.state}`);
}
