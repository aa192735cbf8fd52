import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Key, t } from "@fada/shared/i18n";
import { useMe } from "../shell/session";
import { Notices } from "./Notices";
import { Passkeys } from "./Passkeys";
import { PasswordForm } from "./PasswordForm";
import "../style/account.css";

/** Who is signed in, and what opens their account. */
export function AccountPage(): JSX.Element {
  const me = useMe();
  useEffect(() => { document.title = `${t("account.title")} · FADA`; }, []);
  return (
    <main id="main" class="page account">
      <h1>{t("account.title")}</h1>
      <p>{me.name ?? me.subject} <span class="muted">{me.site} · {t(`role.${me.role}` as Key)}</span></p>
      {me.account ? <><Notices /><Passkeys /><PasswordForm /></> : <p class="muted">{t("account.elsewhere")}</p>}
    </main>
  );
}
