import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, t } from "@fada/shared/i18n";
import { call, get } from "../../api/client";
import { toast, toastError } from "../../shell/toasts";

interface Given { language?: string | null; wait_for_wifi?: boolean | null; daily_mb?: number | null; locked: boolean }

/** What the programme gives to all its phones: with their enrolment, and afterwards with their next contact. */
export function PhoneSettings(): JSX.Element | null {
  const [given, setGiven] = useState<Given | null>(null);
  useEffect(() => { void get<Given>("/api/devices/settings").then(setGiven, toastError); }, []);
  if (!given) return null;
  const set = (some: Partial<Given>): void => setGiven({ ...given, ...some });
  const save = (): void => void call<Given>("PUT", "/api/devices/settings", given).then((kept) => { setGiven(kept); toast("phones.saved"); }, toastError);
  return (
    <details class="panel">
      <summary>{t("phones.settings")}</summary>
      <form class="filters" onSubmit={(e) => { e.preventDefault(); save(); }}>
        <label>{t("nav.language")}<select value={given.language ?? ""} onChange={(e) => set({ language: e.currentTarget.value || null })}>
          <option value="">{t("phones.own_choice")}</option>
          {Object.entries(LANGUAGES).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
        </select></label>
        <label>{t("phones.images")}<select value={given.wait_for_wifi == null ? "" : String(given.wait_for_wifi)} onChange={(e) => set({ wait_for_wifi: e.currentTarget.value === "" ? null : e.currentTarget.value === "true" })}>
          <option value="">{t("phones.own_choice")}</option>
          <option value="true">{t("phones.wait")}</option>
          <option value="false">{t("phones.at_once")}</option>
        </select></label>
        <label>{t("link.budget")}<input type="number" min="1" max="10000" value={given.daily_mb ?? ""} onInput={(e) => set({ daily_mb: e.currentTarget.value === "" ? null : Number(e.currentTarget.value) })} /></label>
        <label class="check"><input type="checkbox" checked={given.locked} onChange={(e) => set({ locked: e.currentTarget.checked })} />{t("phones.locked")}</label>
        <button type="submit" class="main">{t("phones.save")}</button>
      </form>
    </details>
  );
}
