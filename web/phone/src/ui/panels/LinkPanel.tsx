import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { type Case, isUnsent } from "../../store/cases";
import { givenSettings } from "../../sync/given";
import { type LinkRules, type Traffic, isMetered, leftToday, linkRules, onLinkChange, setLinkRules, traffic } from "../../sync/link";

interface Props { cases: readonly Case[]; size: (bytes: number) => string; changed: () => void }

/** What was sent today, what waits and what is left of today's budget, in words and bytes; and the rules of it. */
export function LinkPanel({ cases, size, changed }: Props): JSX.Element | null {
  const [rules, setRules] = useState<LinkRules | null>(null);
  const [locked, setLocked] = useState(false);
  const [sent, setSent] = useState<Traffic | null>(null);
  const [metered, setMetered] = useState(isMetered());
  useEffect(() => {
    void linkRules().then(setRules);
    return onLinkChange(() => { setMetered(isMetered()); changed(); });
  }, []);
  useEffect(() => {
    void traffic().then(setSent);
    void linkRules().then(setRules);
    void givenSettings().then((given) => setLocked(given.locked === true && (given.wait_for_wifi !== undefined || given.daily_mb !== undefined)));
  }, [cases]);
  if (!rules || !sent) return null;
  const unsent = cases.filter(isUnsent);
  const reports = unsent.filter((c) => c.missing === null).length;
  const bytes = unsent.flatMap((c) => c.pictures.filter((p) => c.missing?.includes(p.sha256) ?? true)).reduce((sum, p) => sum + p.size, 0);
  const left = leftToday(rules, sent);
  const set = (next: LinkRules): void => { setRules(next); void setLinkRules(next).then(changed); };
  return (
    <details class="panel link">
      <summary>{t("link.summary", { sent: size(sent.sent), n: reports, waiting: size(bytes) })}{left !== null && ` ${t("link.left", { left: size(left) })}`}{metered && ` ${t("link.metered")}`}</summary>
      <label class="check"><input type="checkbox" disabled={locked} checked={rules.waitForWifi} onChange={(e) => set({ ...rules, waitForWifi: e.currentTarget.checked })} />{t("link.wait")}</label>
      <label>{t("link.budget")} <input type="number" disabled={locked} min="1" max="10000" inputMode="numeric" value={rules.dailyMb ?? ""} placeholder="–"
        onChange={(e) => set({ ...rules, dailyMb: e.currentTarget.value === "" ? null : Math.max(1, Number(e.currentTarget.value)) })} /></label>
      {locked && <p class="muted small">{t("link.given")}</p>}
      <p class="muted small">{t("link.hint")}</p>
    </details>
  );
}
