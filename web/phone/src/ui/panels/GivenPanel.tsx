import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, t } from "@fada/shared/i18n";
import { type GivenSettings, givenSettings } from "../../sync/given";

/** What the programme set on this phone, in words; `version` changes when it may have been given anew. */
export function GivenPanel({ version }: { version: unknown }): JSX.Element | null {
  const [given, setGiven] = useState<GivenSettings>({});
  useEffect(() => { void givenSettings().then(setGiven); }, [version]);
  const said = wordsOf(given);
  if (said.length === 0) return null;
  return (
    <details class="panel given">
      <summary>{t("given.title")}</summary>
      <ul>{said.map((line) => <li key={line}>{line}</li>)}</ul>
      <p class="muted small">{t(given.locked ? "given.locked" : "given.open")}</p>
    </details>
  );
}

function wordsOf(given: GivenSettings): string[] {
  const said: string[] = [];
  if (given.language !== undefined) said.push(`${t("nav.language")}: ${LANGUAGES[given.language]}`);
  if (given.wait_for_wifi === true) said.push(t("link.wait"));
  if (given.daily_mb !== undefined) said.push(t("given.budget", { n: given.daily_mb }));
  if (given.quiet_from !== undefined && given.quiet_to !== undefined) said.push(t("given.quiet", { from: given.quiet_from, to: given.quiet_to }));
  if (given.pin_length !== undefined) said.push(t("given.pin", { n: given.pin_length }));
  if (given.pin_tries !== undefined) said.push(t("given.tries", { n: given.pin_tries }));
  if (given.chart !== undefined) said.push(t("given.chart", { name: given.chart }));
  if (given.keep_days !== undefined) said.push(t("given.keep", { n: given.keep_days }));
  return said;
}
