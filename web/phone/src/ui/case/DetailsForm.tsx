import type { ComponentProps, JSX } from "preact";
import { t } from "@fada/shared/i18n";
import { isoDay } from "../../case/day";
import type { DETAILS_FIELDS, Details } from "../../case/details";

/** `day`: that of the capture, where nobody says another; null where the images name one. */
interface Props { details: Details; day: string | null; set: (details: Details) => void }

/** Who the woman is and why she is scanned; every field may stay empty. */
export function DetailsForm({ details, day, set }: Props): JSX.Element {
  const field = (name: (typeof DETAILS_FIELDS)[number], more: ComponentProps<"input">): JSX.Element => (
    <label>{t(`phone.details_${name}`)}
      <input autocomplete="off" value={details[name]} onInput={(e) => set({ ...details, [name]: e.currentTarget.value })} {...more} />
    </label>
  );
  return (
    <div class="details">
      {field("number", { maxLength: 64, autocapitalize: "characters", spellcheck: false })}
      {field("name", { maxLength: 64, spellcheck: false })}
      {day !== null && field("study_date", { type: "date", max: isoDay(new Date()), value: details.study_date || day })}
      {field("last_period", { type: "date", max: isoDay(new Date()) })}
      {field("indication", { maxLength: 200 })}
      {field("fetuses", { type: "number", inputMode: "numeric", min: 1, max: 9, step: 1 })}
    </div>
  );
}
