import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, t } from "@fada/shared/i18n";
import { CHARTS } from "@fada/shared/examination/charts";
import { call, get } from "../../api/client";
import { toast, toastError } from "../../shell/toasts";
import { QrCode } from "./QrCode";

interface Given {
  language?: string | null; wait_for_wifi?: boolean | null; daily_mb?: number | null; quiet_from?: string | null; quiet_to?: string | null;
  pin_length?: number | null; pin_tries?: number | null; chart?: string | null; keep_days?: number | null; locked: boolean;
}
type Numbers = "daily_mb" | "pin_length" | "pin_tries" | "keep_days";

/** What the programme gives to all its phones, or to a group over that: with their enrolment, their next contact, or by QR code. */
export function PhoneSettings({ groups, changed }: { groups: readonly string[]; changed: () => void }): JSX.Element {
  const [group, setGroup] = useState("");
  const [named, setNamed] = useState("");
  return (
    <details class="panel">
      <summary>{t("phones.settings")}</summary>
      <form class="filters" onSubmit={(e) => { e.preventDefault(); if (named.trim()) setGroup(named.trim()); setNamed(""); }}>
        <label>{t("phones.group")}<select value={group} onChange={(e) => setGroup(e.currentTarget.value)}>
          <option value="">{t("phones.all")}</option>
          {[...new Set([...groups, ...(group ? [group] : [])])].map((name) => <option key={name} value={name}>{name}</option>)}
        </select></label>
        <label>{t("phones.new_group")}<input maxLength={40} value={named} onInput={(e) => setNamed(e.currentTarget.value)} /></label>
        <button type="submit" disabled={!named.trim()}>{t("phones.new_group")}</button>
      </form>
      <SettingsForm key={group} group={group} changed={changed} />
    </details>
  );
}

function SettingsForm({ group, changed }: { group: string; changed: () => void }): JSX.Element | null {
  const [given, setGiven] = useState<Given | null>(null);
  const [qr, setQr] = useState("");
  const query = `?group=${encodeURIComponent(group)}`;
  useEffect(() => { void get<Given>(`/api/devices/settings${query}`).then(setGiven, toastError); }, []);
  if (!given) return null;
  const set = (some: Partial<Given>): void => { setGiven({ ...given, ...some }); setQr(""); };
  const save = (): void => void call<Given>("PUT", `/api/devices/settings${query}`, given).then((kept) => { setGiven(kept); setQr(""); changed(); toast("phones.saved"); }, toastError);
  const show = (): void => void get<{ url: string }>(`/api/devices/settings/qr${query}`).then((made) => setQr(made.url), toastError);
  const number = (name: Numbers, label: string, min: number, max: number): JSX.Element => (
    <label>{label}<input type="number" min={min} max={max} value={given[name] ?? ""} onInput={(e) => set({ [name]: e.currentTarget.value === "" ? null : Number(e.currentTarget.value) })} /></label>
  );
  const time = (name: "quiet_from" | "quiet_to", label: string): JSX.Element => (
    <label>{label}<input type="time" required={Boolean(given.quiet_from ?? given.quiet_to)} value={given[name] ?? ""} onInput={(e) => set({ [name]: e.currentTarget.value || null })} /></label>
  );
  return (
    <>
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
        {number("daily_mb", t("link.budget"), 1, 10_000)}
        {time("quiet_from", t("phones.quiet"))}
        {time("quiet_to", t("phones.quiet_to"))}
        {number("pin_length", t("phones.pin_length"), 6, 12)}
        {number("pin_tries", t("phones.pin_tries"), 1, 10)}
        <label>{t("phones.chart")}<select value={given.chart ?? ""} onChange={(e) => set({ chart: e.currentTarget.value || null })}>
          <option value="">–</option>
          {CHARTS.map((name) => <option key={name} value={name}>{name}</option>)}
        </select></label>
        {number("keep_days", t("phones.keep_days"), 1, 365)}
        <label class="check"><input type="checkbox" checked={given.locked} onChange={(e) => set({ locked: e.currentTarget.checked })} />{t("phones.locked")}</label>
        <button type="submit" class="main">{t("phones.save")}</button>
        <button type="button" onClick={show}>{t("phones.qr")}</button>
      </form>
      {qr && <div class="enrol"><QrCode text={new URL(qr, location.href).href} /><p>{t("phones.qr_hint")}</p></div>}
    </>
  );
}
