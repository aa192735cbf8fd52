import type { JSX } from "preact";
import { t } from "@fada/shared/i18n";

/** How mails go out; `recipients` are addresses, by comma. */
export interface Mail { encryption: "starttls" | "tls" | "none"; sender: string; recipients: string; user: string; password: string }

export const NO_MAIL: Mail = { encryption: "starttls", sender: "", recipients: "", user: "", password: "" };

/** Sender, recipients and sign-in of a mail server. */
export function MailFields({ mail, change }: { mail: Mail; change: (mail: Mail) => void }): JSX.Element {
  return (
    <>
      <label>TLS<select value={mail.encryption} onChange={(e) => change({ ...mail, encryption: e.currentTarget.value as Mail["encryption"] })}>
        <option value="starttls">STARTTLS</option><option value="tls">TLS</option><option value="none">{t("answer.no")}</option>
      </select></label>
      <label>{t("mail.sender")}<input required type="email" maxLength={300} value={mail.sender} onInput={(e) => change({ ...mail, sender: e.currentTarget.value })} /></label>
      <label class="long">{t("mail.recipients")}<input required type="email" multiple maxLength={4000} value={mail.recipients} onInput={(e) => change({ ...mail, recipients: e.currentTarget.value })} /></label>
      <label>{t("mail.user")}<input maxLength={300} autocomplete="off" value={mail.user} onInput={(e) => change({ ...mail, user: e.currentTarget.value })} /></label>
      <label>{t("signin.password")}<input type="password" autocomplete="off" maxLength={500} value={mail.password} onInput={(e) => change({ ...mail, password: e.currentTarget.value })} /></label>
    </>
  );
}
