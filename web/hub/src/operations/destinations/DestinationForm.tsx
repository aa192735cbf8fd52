import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { post } from "../../api/client";
import { type Key, language, t } from "@fada/shared/i18n";
import { toastError } from "../../shell/toasts";
import { type Mail, MailFields, NO_MAIL } from "./MailFields";
import { NO_RECEIVER, type Receiver, receiverBody, ReceiverFields } from "./ReceiverFields";
import { NO_SIGN_IN, NO_TLS, type SignIn, signInBody, SignInFields, type Tls, tlsBody, TlsFields } from "./SignInFields";
import { SecretOnce } from "../SecretOnce";

export interface Destination { id: string; name: string; kind: Kind; address: string; by_default: boolean; secret?: string }

const KINDS = ["c_store", "stow", "fhir", "hl7", "dhis2", "email", "web_push", "webhook"] as const;
type Kind = (typeof KINDS)[number];
const EXAMPLES: Record<Kind, string> = {
  c_store: "PACS@10.0.0.5:104", stow: "https://pacs/dicom-web", fhir: "https://emr/fhir", hl7: "10.0.0.6:2575", dhis2: "https://dhis2.example", email: "smtp.example:587", web_push: "mailto:it@clinic.example", webhook: "https://",
};

const WAYS: Partial<Record<Kind, readonly SignIn["way"][]>> = {
  stow: ["none", "basic", "bearer", "oauth2"], fhir: ["none", "basic", "bearer", "oauth2", "smart"], dhis2: ["api_token", "basic"],
};
const WITHOUT_TLS: readonly Kind[] = ["webhook", "web_push"];

/** A new destination with its sign-in and certificates. */
export function DestinationForm({ made }: { made: () => void }): JSX.Element {
  const [kind, setKind] = useState<Kind>("c_store");
  const [name, setName] = useState("");
  const [address, setAddress] = useState("");
  const [signIn, setSignIn] = useState<SignIn>(NO_SIGN_IN);
  const [tls, setTls] = useState<Tls>(NO_TLS);
  const [commitment, setCommitment] = useState(false);
  const [byDefault, setByDefault] = useState(true);
  const [mapping, setMapping] = useState("");
  const [mail, setMail] = useState<Mail>(NO_MAIL);
  const [receiver, setReceiver] = useState<Receiver>(NO_RECEIVER);
  const [secret, setSecret] = useState("");
  const ways = WAYS[kind];
  const choose = (next: Kind): void => { setKind(next); setSignIn({ ...NO_SIGN_IN, way: WAYS[next]?.[0] ?? "none" }); };
  const add = (event: Event): void => {
    event.preventDefault();
    const mailed = kind === "email" ? { encryption: mail.encryption, sender: mail.sender, recipients: mail.recipients, user: mail.user, language: language() } : {};
    const entered = signInBody(ways ? signIn : NO_SIGN_IN), pem = tlsBody(WITHOUT_TLS.includes(kind) ? NO_TLS : tls);
    const options = { ...entered.options, ...pem.options, ...receiverBody(kind, receiver), ...(kind === "dhis2" ? { mapping } : {}), ...mailed, ...(tls.on && (kind === "c_store" || kind === "hl7") ? { tls: true } : {}), ...(commitment && kind === "c_store" ? { commitment } : {}) };
    const credentials = { ...entered.credentials, ...pem.credentials, ...(kind === "email" && mail.password ? { password: mail.password } : {}) };
    post<Destination>("/api/destinations", { name, kind, address, options, credentials, by_default: byDefault }).then(
      (one) => { setSecret(one.secret ?? ""); setName(""); setAddress(""); setSignIn({ ...NO_SIGN_IN, way: ways?.[0] ?? "none" }); setTls(NO_TLS); setMapping(""); setMail(NO_MAIL); setReceiver(NO_RECEIVER); made(); }, toastError,
    );
  };
  return (
    <>
      <form class="filters" onSubmit={add}>
        <label>{t("keys.name")}<input required maxLength={80} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        <label>{t("destinations.kind")}<select value={kind} onChange={(e) => choose(e.currentTarget.value as Kind)}>
          {KINDS.map((one) => <option key={one} value={one}>{t(`destination.${one}` as Key)}</option>)}
        </select></label>
        <label class="long">{t("destinations.address")}<input required maxLength={2000} value={address} placeholder={EXAMPLES[kind]} onInput={(e) => setAddress(e.currentTarget.value)} /></label>
        {ways && <SignInFields given={signIn} ways={ways} change={setSignIn} />}
        <ReceiverFields kind={kind} given={receiver} change={setReceiver} />
        {kind === "email" && <MailFields mail={mail} change={setMail} />}
        {kind === "dhis2" && <label class="long">{t("destinations.mapping")}<textarea required rows={12} maxLength={65536} spellcheck={false} value={mapping} onInput={(e) => setMapping(e.currentTarget.value)} /></label>}
        {(kind === "c_store" || kind === "hl7") && <label class="check"><input type="checkbox" checked={tls.on} onChange={(e) => setTls({ ...tls, on: e.currentTarget.checked })} />TLS</label>}
        {kind === "c_store" && <label class="check"><input type="checkbox" checked={commitment} onChange={(e) => setCommitment(e.currentTarget.checked)} />{t("destinations.commitment")}</label>}
        {!WITHOUT_TLS.includes(kind) && <TlsFields tls={tls} change={setTls} />}
        <label class="check"><input type="checkbox" checked={byDefault} onChange={(e) => setByDefault(e.currentTarget.checked)} />{t("destinations.by_default")}</label>
        <button type="submit" class="main">{t("webhooks.make")}</button>
      </form>
      {secret && <SecretOnce secret={secret} />}
    </>
  );
}
