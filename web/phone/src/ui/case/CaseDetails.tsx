import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { DETAILS_FIELDS, type Details, hasDetails } from "../../case/details";
import { DetailsForm } from "./DetailsForm";

/** `day`: see DetailsForm. */
interface Props { details: Details; day: string | null; describe: (details: Details) => void }

/** Who the woman is, put right here; the hub gets it as a further version. */
export function CaseDetails({ details, day, describe }: Props): JSX.Element {
  const [draft, setDraft] = useState<Details | null>(null);
  const said = DETAILS_FIELDS.filter((name) => details[name]);
  if (draft === null) {
    return (
      <section class="panel case-details">
        {said.map((name) => <p key={name}><span class="muted">{t(`phone.details_${name}`)}</span> {details[name]}</p>)}
        <button type="button" onClick={() => setDraft(details)}>{t(hasDetails(details) ? "phone.details_change" : "phone.details_add")}</button>
      </section>
    );
  }
  return (
    <form class="panel case-details" onSubmit={(e) => { e.preventDefault(); setDraft(null); describe(draft); }}>
      <DetailsForm details={draft} day={day} set={setDraft} />
      <div class="row">
        <button type="submit" class="main">{t("phone.details_keep")}</button>
        <button type="button" onClick={() => setDraft(null)}>{t("cancel")}</button>
      </div>
    </form>
  );
}
