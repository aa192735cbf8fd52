import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import { type Key, code, t } from "@fada/shared/i18n";

interface FieldProps { label: string; children: ComponentChildren }

/** One question of the form with its answer. */
export const Field = ({ label, children }: FieldProps): JSX.Element => <label class="field"><span>{label}</span>{children}</label>;

interface ChoiceProps { label: string; prefix: string; values: readonly string[]; value: string | null | undefined; set: (value: string | null) => void; disabled: boolean }

/** One of several words, or none: what is not chosen is not assessed. */
export function Choice({ label, prefix, values, value, set, disabled }: ChoiceProps): JSX.Element {
  return (
    <Field label={label}>
      <select value={value ?? ""} disabled={disabled} onChange={(e) => set(e.currentTarget.value || null)}>
        <option value="">{t("fact.none")}</option>
        {values.map((one) => <option key={one} value={one}>{code(prefix, one)}</option>)}
      </select>
    </Field>
  );
}

interface NumberProps { label: string; value: number | null | undefined; set: (value: number | null) => void; min: number; max: number; unit?: string; disabled: boolean }

/** A whole number within bounds; others are not taken. What is being typed stands until the field is left, whatever is drawn
 * anew meanwhile. */
export function Whole({ label, value, set, min, max, unit, disabled }: NumberProps): JSX.Element {
  const [typed, setTyped] = useState<string | null>(null);
  return (
    <Field label={unit ? `${label} (${unit})` : label}>
      <input type="number" inputMode="numeric" min={min} max={max} step={1} value={typed ?? value ?? ""} disabled={disabled}
        onInput={(e) => setTyped(e.currentTarget.value)}
        onChange={(e) => {
          const given = e.currentTarget.value === "" ? null : e.currentTarget.valueAsNumber;
          if (given === null || (e.currentTarget.checkValidity() && Number.isInteger(given))) {
            set(given);
            setTyped(null);
          } else e.currentTarget.reportValidity();
        }} />
    </Field>
  );
}

interface TextProps { label: Key; hint?: Key; value: string | null | undefined; set: (value: string | null) => void; rows?: number; placeholder?: string; disabled: boolean }

/** Free text, as long as a report needs. */
export function Text({ label, hint, value, set, rows = 1, placeholder, disabled }: TextProps): JSX.Element {
  const changed = (e: { currentTarget: { value: string } }): void => set(e.currentTarget.value || null);
  return (
    <Field label={t(label)}>
      {rows === 1
        ? <input type="text" maxLength={4000} placeholder={placeholder} value={value ?? ""} disabled={disabled} onInput={changed} />
        : <textarea rows={rows} maxLength={4000} value={value ?? ""} disabled={disabled} onInput={changed} />}
      {hint && <small class="muted">{t(hint)}</small>}
    </Field>
  );
}
