import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { code, language, t } from "@fada/shared/i18n";
import { takenAt } from "../../case/ids";
import { stateWords } from "./stateWords";
import { type Details, NO_DETAILS } from "../../case/details";
import { type Case, type CaseStore, hasNews } from "../../store/cases";

interface Props { store: CaseStore; cases: readonly Case[]; open: (id: string) => void }

/** The cases of this phone with picture, day and state in words. */
export function CaseList({ store, cases, open }: Props): JSX.Element {
  return <ul class="field-cases">{cases.map((c) => <li key={c.id}><CaseRow store={store} record={c} open={() => open(c.id)} /></li>)}</ul>;
}

function CaseRow({ store, record: c, open }: { store: CaseStore; record: Case; open: () => void }): JSX.Element {
  const [url, setUrl] = useState("");
  const [details, setDetails] = useState<Details>(NO_DETAILS);
  useEffect(() => {
    let made = "";
    void store.thumb(c).then((thumb) => { if (thumb) setUrl(made = URL.createObjectURL(thumb)); });
    return () => URL.revokeObjectURL(made);
  }, [c.id]);
  useEffect(() => { void store.details(c).then(setDetails); }, [c.details]);
  const who = details.name || details.number;
  return (
    <button type="button" onClick={open}>
      {url ? <img src={url} alt="" width="64" height="48" /> : <span class="no-picture" />}
      <span class="case-words">
        <b>{who || t("phone.case", { n: c.n })}</b>
        <small class="muted">{who && `${t("phone.case", { n: c.n })} · `}{when(takenAt(c.id))} · {t("phone.images", { n: c.pictures.length })}</small>
        <span class="case-state">
          {c.training && <span class="flag training">{t("training.flag")}</span>}
          {c.urgent && <span class="flag">{t("reason.urgent")}</span>}
          {hasNews(c) && <span class="flag new">{t("phone.new")}</span>}
          <span class={`state ${c.state === "reviewed" ? "reviewed" : c.state === "hub_analysed" ? "ready" : ""}`}>{stateWords(c)}</span>
        </span>
        {c.problem && <small class="bad">{code("problem", c.problem)}</small>}
      </span>
    </button>
  );
}

const when = (at: Date): string => at.toLocaleString(language(), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
