import type { JSX } from "preact";
import type { Disagreement, Result, Study } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { dateTime, personName } from "../shell/format";

interface Props {
  study: Study;
  result: Result;
  disagreement: Disagreement | null;
  show: (version: number) => void;
}

const textOf = (value: unknown): string => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** Which release spoke, where and when; all versions, and what phone and hub disagree about. */
export function Provenance({ study, result, disagreement, show }: Props): JSX.Element {
  const { release, seconds } = result.report;
  const total = Object.values(seconds).reduce((sum, s) => sum + s, 0);
  return (
    <section class="panel" aria-labelledby="provenance-title">
      <h2 id="provenance-title">{t("provenance.title")}</h2>
      {disagreement && !disagreement.agree && (
        <div class="note warn">
          <p><b>{t("disagreement.title")}</b></p>
          <table class="figures">
            <thead><tr><td /><th scope="col">{t("origin.phone")}<small class="hash">{disagreement.phone_release.version} {disagreement.phone_release.sha256.slice(0, 8)}</small></th>
              <th scope="col">{t("origin.hub")}<small class="hash">{disagreement.hub_release.version} {disagreement.hub_release.sha256.slice(0, 8)}</small></th></tr></thead>
            <tbody>{disagreement.differences.map((d) => <tr key={d.what}><th scope="row">{d.what.startsWith("structure:") ? code("structure", d.what.slice(10)) : d.what}</th><td>{textOf(d.phone)}</td><td>{textOf(d.hub)}</td></tr>)}</tbody>
          </table>
        </div>
      )}
      {disagreement?.agree && <p class="good-text">{t("disagreement.none")}</p>}
      <dl class="facts">
        <div><dt>{t("provenance.release")}</dt><dd>{release.name} {release.version}</dd></div>
        <div><dt>{t("provenance.hash")}</dt><dd class="hash" title={release.sha256}>{release.sha256.slice(0, 16)}…</dd></div>
        <div><dt>{t("provenance.where")}</dt><dd>{code("origin", result.origin)} · {result.author_name ?? result.author}</dd></div>
        <div><dt>{t("provenance.when")}</dt><dd>{dateTime(result.created_at)}{total > 0 && ` (${total.toFixed(1)} s)`}</dd></div>
        <div><dt>{t("provenance.received")}</dt><dd>{dateTime(study.received_at)} · {code("source", study.source)}</dd></div>
        {result.reviewed_by && <div><dt>{t("provenance.reviewed")}</dt><dd>{result.reviewed_by} · {dateTime(result.reviewed_at)}</dd></div>}
        <div><dt>{t("patient.name")}</dt><dd>{personName(study.patient.name) || "–"} · {study.patient.id || "–"}</dd></div>
        <div><dt>UID</dt><dd class="hash">{study.study_uid}</dd></div>
      </dl>
      <h3>{t("versions.title")}</h3>
      <ol class="versions" reversed>
        {[...study.results].sort((a, b) => b.version - a.version).map((v) => (
          <li key={v.version}>
            <button type="button" class={v.version === result.version ? "version here" : "version"} aria-pressed={v.version === result.version} onClick={() => show(v.version)}>
              <b>{t("versions.one", { n: v.version })}</b> {code("origin", v.origin)} · {v.author_name ?? v.author}
              <small>{dateTime(v.created_at)}{v.based_on !== null && ` · ${t("versions.from", { n: v.based_on })}`}{v.reviewed_by && ` · ${t("versions.reviewed")}`}</small>
            </button>
          </li>
        ))}
      </ol>
    </section>
  );
}
