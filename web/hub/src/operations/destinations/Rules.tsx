import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { call, get } from "../../api/client";
import { type Key, t } from "@fada/shared/i18n";
import { toastError } from "../../shell/toasts";
import type { Destination } from "./DestinationForm";

export interface Rule { results: string[]; planes: string[]; findings: string[]; origins: string[]; destinations: string[] }

const RESULTS = ["preliminary", "final", "urgent", "finding", "failed", "disagreement"];

interface RulesProps { rules: Rule[]; destinations: Destination[]; reload: () => void }

/** The ordered rules of the site: the first that fits decides. */
export function Rules({ rules, destinations, reload }: RulesProps): JSX.Element {
  const save = (next: Rule[]): void => void call("PUT", "/api/destinations/rules", { rules: next }).then(reload, toastError);
  const raise = (at: number): void => save(rules.map((rule, n) => (n === at - 1 ? rules[at]! : n === at ? rules[at - 1]! : rule)));
  const names = (ids: string[]): string => ids.map((id) => destinations.find((one) => one.id === id)?.name ?? "?").join(", ") || t("rules.nowhere");
  return (
    <>
      <h2>{t("rules.title")}</h2>
      <p class="muted">{t("rules.help")}</p>
      {rules.length > 0 && <div class="scroll" tabIndex={0} role="region" aria-label={t("rules.title")}><table class="wide-table">
        <thead><tr><td /><th scope="col">{t("rules.when")}</th><th scope="col">{t("rules.where")}</th><td /></tr></thead>
        <tbody>{rules.map((rule, at) => (
          <tr key={at}>
            <td>{at + 1}</td><td>{conditions(rule)}</td><td>{names(rule.destinations)}</td>
            <td>
              <button type="button" disabled={at === 0} onClick={() => raise(at)} aria-label={t("rules.up")}>↑</button>{" "}
              <button type="button" onClick={() => save(rules.filter((_, n) => n !== at))}>{t("editor.delete")}</button>
            </td>
          </tr>
        ))}</tbody>
      </table></div>}
      <NewRule destinations={destinations} add={(rule) => save([...rules, rule])} />
      <DryRun />
    </>
  );
}

function conditions(rule: Rule): string {
  const said = rule.results.map((one) => t(`result.${one}` as Key)).join(", ");
  return [said, ...[rule.planes, rule.findings, rule.origins].map((words) => words.join(", "))].filter(Boolean).join(" · ") || t("rules.everything");
}

const words = (text: string): string[] => text.split(",").map((one) => one.trim()).filter(Boolean);

function NewRule({ destinations, add }: { destinations: Destination[]; add: (rule: Rule) => void }): JSX.Element {
  const [results, setResults] = useState<string[]>([]);
  const [planes, setPlanes] = useState("");
  const [findings, setFindings] = useState("");
  const [origins, setOrigins] = useState("");
  const [chosen, setChosen] = useState<string[]>([]);
  const toggle = (list: string[], one: string): string[] => (list.includes(one) ? list.filter((x) => x !== one) : [...list, one]);
  const submit = (event: Event): void => {
    event.preventDefault();
    add({ results, planes: words(planes), findings: words(findings), origins: words(origins), destinations: chosen });
    setResults([]); setPlanes(""); setFindings(""); setOrigins(""); setChosen([]);
  };
  return (
    <form class="rule" onSubmit={submit}>
      <fieldset><legend>{t("rules.when")}</legend>{RESULTS.map((one) => (
        <label key={one} class="check"><input type="checkbox" checked={results.includes(one)} onChange={() => setResults(toggle(results, one))} />{t(`result.${one}` as Key)}</label>
      ))}</fieldset>
      <label>{t("rules.planes")}<input value={planes} placeholder="head, abdomen" onInput={(e) => setPlanes(e.currentTarget.value)} /></label>
      <label>{t("rules.findings")}<input value={findings} onInput={(e) => setFindings(e.currentTarget.value)} /></label>
      <label>{t("rules.origins")}<input value={origins} placeholder="stow, web, dimse" onInput={(e) => setOrigins(e.currentTarget.value)} /></label>
      <fieldset><legend>{t("rules.where")}</legend>{destinations.map((one) => (
        <label key={one.id} class="check"><input type="checkbox" checked={chosen.includes(one.id)} onChange={() => setChosen(toggle(chosen, one.id))} />{one.name}</label>
      ))}</fieldset>
      <button type="submit" class="main">{t("rules.add")}</button>
    </form>
  );
}

interface Dry { results: string[] | null; rule: number | null; destinations: { name: string }[] }

/** Where the latest result of a study would go by the rules as they are now. */
function DryRun(): JSX.Element {
  const [study, setStudy] = useState("");
  const [outcome, setOutcome] = useState<Dry | null>(null);
  const run = (event: Event): void => {
    event.preventDefault();
    const id = study.trim().split("/").pop() ?? "";
    get<Dry>(`/api/destinations/dry-run?study=${encodeURIComponent(id)}`).then(setOutcome, toastError);
  };
  return (
    <form class="filters" onSubmit={run}>
      <label class="long">{t("rules.study")}<input required value={study} onInput={(e) => setStudy(e.currentTarget.value)} /></label>
      <button type="submit">{t("rules.dry_run")}</button>
      <output>{outcome && (outcome.results === null ? t("rules.nothing")
        : `${outcome.results.map((one) => t(`result.${one}` as Key)).join(", ")} → ${outcome.destinations.map((one) => one.name).join(", ") || t("rules.nowhere")}`)}</output>
    </form>
  );
}
