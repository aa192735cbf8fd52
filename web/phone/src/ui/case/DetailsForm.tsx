import type { ComponentProps, JSX } from "preact";
import { t } from "@fada/shared/i18n";
import type { Details } from "../../case/details";

interface Props { details: Details; set: (details: Details) => void }

/** Who the woman is and why she is scanned; every field may stay empty. */
export function DetailsForm({ details, set }: Props): JSX.Element {
  const field = (name: keyof Details, more: ComponentProps<"input">): JSX.Element => (
    <label>{t(`phone.details_${name}`)}
      <input autocomplete="off" value={details[name]} onInput={(e) => set({ ...details, [name]: e.currentTarget.value })} {...more} />
    </label>
  );
  return (
    <div class="details">
      {field("number", { maxLength: 64, autocapitalize: "characters", spellcheck: false })}
      {field("name", { maxLength: 64, spellcheck: false })}
      {field("last_period", { type: "date", max: new Date().toISOString().slice(0, 10) })}
      {field("indication", { maxLength: 200 })}
    </div>
  );
}
