import type { JSX } from "preact";
import { type Key, t } from "@fada/shared/i18n";

/** How the hub signs in at a destination by HTTP, and its own certificate; what is secret is sent once and never shown again. */
export interface SignIn {
  way: "none" | "bearer" | "api_token" | "basic" | "oauth2" | "smart";
  user: string; token: string; password: string;
  token_url: string; client_id: string; scope: string; client_secret: string; key_id: string; private_key: string;
}
/** PEM of whom the hub trusts there, and of its own certificate and key. */
export interface Tls { on: boolean; ca: string; certificate: string; key: string }

export const NO_SIGN_IN: SignIn = { way: "none", user: "", token: "", password: "", token_url: "", client_id: "", scope: "", client_secret: "", key_id: "", private_key: "" };
export const NO_TLS: Tls = { on: false, ca: "", certificate: "", key: "" };

type Field = Exclude<keyof SignIn, "way">;
const SECRET: readonly Field[] = ["token", "password", "client_secret", "private_key"];
const FIELDS: Record<SignIn["way"], readonly Field[]> = {
  none: [], bearer: ["token"], api_token: ["token"], basic: ["user", "password"],
  oauth2: ["token_url", "client_id", "client_secret", "scope"], smart: ["token_url", "client_id", "key_id", "private_key", "scope"],
};
const FREE: readonly Field[] = ["scope", "key_id"];
const filled = (all: Record<string, string>): Record<string, string> => Object.fromEntries(Object.entries(all).filter(([, value]) => value));

/** The options and the credentials of what was typed. */
export function signInBody(given: SignIn): { options: Record<string, string>; credentials: Record<string, string> } {
  if (given.way === "none") return { options: {}, credentials: {} };
  const of = (secret: boolean): Record<string, string> => filled(Object.fromEntries(FIELDS[given.way].filter((name) => SECRET.includes(name) === secret).map((name) => [name, given[name]])));
  return { options: { sign_in: given.way, ...of(false) }, credentials: of(true) };
}

/** The options and the credentials of the certificates. */
export const tlsBody = ({ ca, certificate, key }: Tls): { options: Record<string, string>; credentials: Record<string, string> } => ({ options: filled({ ca }), credentials: filled({ certificate, key }) });

/** The way of signing in, and what it needs. `ways` are those of the kind of destination. */
export function SignInFields({ given, ways, change }: { given: SignIn; ways: readonly SignIn["way"][]; change: (given: SignIn) => void }): JSX.Element {
  return (
    <>
      <label>{t("destinations.sign_in")}<select value={given.way} onChange={(e) => change({ ...NO_SIGN_IN, way: e.currentTarget.value as SignIn["way"] })}>
        {ways.map((one) => <option key={one} value={one}>{t(`destinations.sign_in_${one}` as Key)}</option>)}
      </select></label>
      {FIELDS[given.way].map((name) => {
        const label = t(`destinations.${name}` as Key), set = (value: string): void => change({ ...given, [name]: value });
        if (name === "private_key") return <Pem key={name} label={label} value={given[name]} change={set} required />;
        const shared = { required: !FREE.includes(name), autocomplete: "off", value: given[name] } as const;
        return (
          <label key={name} class={name === "token_url" ? "long" : undefined}>{label}
            {SECRET.includes(name)
              ? <input type="password" maxLength={name === "token" ? 8000 : 500} {...shared} onInput={(e) => set(e.currentTarget.value)} />
              : <input maxLength={500} {...shared} onInput={(e) => set(e.currentTarget.value)} />}
          </label>
        );
      })}
    </>
  );
}

/** Certificates, folded away: few destinations need them. */
export function TlsFields({ tls, change }: { tls: Tls; change: (tls: Tls) => void }): JSX.Element {
  return (
    <details class="long"><summary>{t("destinations.certificates")}</summary>
      <p class="muted small">{t("destinations.certificates_hint")}</p>
      <Pem label={t("destinations.ca")} value={tls.ca} change={(ca) => change({ ...tls, ca })} />
      <Pem label={t("destinations.certificate")} value={tls.certificate} change={(certificate) => change({ ...tls, certificate })} />
      <Pem label={t("destinations.key")} value={tls.key} change={(key) => change({ ...tls, key })} />
    </details>
  );
}

function Pem({ label, value, change, required = false }: { label: string; value: string; change: (value: string) => void; required?: boolean }): JSX.Element {
  return <label class="long">{label}<textarea required={required} rows={4} maxLength={65536} spellcheck={false} autocomplete="off" placeholder="-----BEGIN" value={value} onInput={(e) => change(e.currentTarget.value)} /></label>;
}
