import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { post } from "../api/client";
import { LANGUAGES, type Key, type Language, choose, language, t } from "@fada/shared/i18n";
import { navigate } from "./router";
import { forgetDrafts, hasRole, useMe } from "./session";

type Theme = "auto" | "light" | "dark";

const darkness = matchMedia("(prefers-color-scheme: dark)");
darkness.addEventListener("change", applyTheme);

/** The chosen appearance, or the system's. */
export function applyTheme(): void {
  const theme = localStorage.getItem("fada.theme") ?? "auto";
  document.documentElement.dataset["scheme"] = theme === "auto" ? (darkness.matches ? "dark" : "light") : theme;
}

const PLACES: { path: string; key: Key; role: "reader" | "sonographer" | "manager" }[] = [
  { path: "/", key: "nav.worklist", role: "reader" },
  { path: "/orders", key: "nav.orders", role: "reader" },
  { path: "/patients", key: "nav.patients", role: "reader" },
  { path: "/upload", key: "nav.upload", role: "sonographer" },
  { path: "/monitor", key: "nav.monitor", role: "reader" },
  { path: "/atlas", key: "nav.atlas", role: "reader" },
  { path: "/operations", key: "nav.operations", role: "manager" },
];

/** Navigation by role, language, appearance, help and sign-out. */
export function Header({ here, help, signedOut }: { here: string; help: () => void; signedOut: () => void }): JSX.Element {
  const me = useMe();
  const [theme, setTheme] = useState<Theme>((localStorage.getItem("fada.theme") as Theme | null) ?? "auto");
  useEffect(() => {
    localStorage.setItem("fada.theme", theme);
    applyTheme();
  }, [theme]);
  const leave = async (): Promise<void> => {
    const left = await post<{ url: string | null }>("/logout").catch(() => undefined);
    forgetDrafts();
    if (left?.url) return location.assign(left.url); // there they sign out too
    signedOut();
    navigate("/");
  };
  return (
    <header class="bar">
      <a class="skip" href="#main">{t("nav.skip")}</a>
      <a class="brand" href="/" data-inside><img src="/icon.svg" alt="" width="26" height="26" /> FADA</a>
      <nav aria-label={t("nav.label")}>
        {PLACES.filter((place) => hasRole(me, place.role)).map((place) => (
          <a key={place.path} href={place.path} data-inside aria-current={here === place.path ? "page" : undefined}>{t(place.key)}</a>
        ))}
        <a class="narrow" href="/account" data-inside aria-current={here === "/account" ? "page" : undefined}>{t("account.title")}</a>
      </nav>
      <div class="bar-end">
        <label class="small">
          <span class="hidden">{t("nav.language")}</span>
          <select value={language()} onChange={(e) => void choose(e.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
          </select>
        </label>
        <label class="small">
          <span class="hidden">{t("nav.theme")}</span>
          <select value={theme} onChange={(e) => setTheme(e.currentTarget.value as Theme)}>
            <option value="auto">{t("theme.auto")}</option>
            <option value="light">{t("theme.light")}</option>
            <option value="dark">{t("theme.dark")}</option>
          </select>
        </label>
        <button type="button" class="quiet" onClick={help} aria-label={t("help.title")}>?</button>
        <a class="who" href="/account" data-inside aria-current={here === "/account" ? "page" : undefined} title={`${t("account.title")} · ${me.subject} · ${me.site}`}>{me.name ?? me.subject}<small>{me.site} · {t(`role.${me.role}` as Key)}</small></a>
        <button type="button" class="quiet" onClick={() => void leave()}>{t("nav.sign_out")}</button>
      </div>
    </header>
  );
}
