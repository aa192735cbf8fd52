import type { JSX } from "preact";
import { t } from "@fada/shared/i18n";

/** A secret that is shown this one time. */
export function SecretOnce({ secret }: { secret: string }): JSX.Element {
  return <p class="note"><label>{t("keys.once")}<input type="text" readOnly value={secret} onFocus={(e) => e.currentTarget.select()} /></label></p>;
}
