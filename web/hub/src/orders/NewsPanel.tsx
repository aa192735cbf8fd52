import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get, post } from "../api/client";
import { t } from "@fada/shared/i18n";
import { formatDay, personName } from "../shell/format";
import { toast, toastError } from "../shell/toasts";
import type { News } from "./order";

/** What the hospital's system says anew of women whose records contradict it: a person accepts or declines. */
export function NewsPanel({ editable, turn, decided }: { editable: boolean; turn: number; decided: () => void }): JSX.Element | null {
  const [news, setNews] = useState<News[]>([]);
  useEffect(() => void get<{ items: News[] }>("/api/patient-news").then((page) => setNews(page.items), toastError), [turn]);
  const decide = (one: News, accept: boolean): void =>
    void post(`/api/patient-news/${one.id}`, { accept }).then(() => { toast("clash.decided"); decided(); }, toastError);
  if (news.length === 0) return null;
  return (
    <section class="banner clash" aria-labelledby="news">
      <h2 id="news">{t("news.title")}</h2>
      <p>{t("news.text")}</p>
      <div class="scroll" tabIndex={0} role="group" aria-label={t("news.title")}>
        <table class="figures">
          <thead><tr><th scope="col">{t("patient.id")}</th><th scope="col">{t("clash.recorded")}</th><th scope="col">{t("news.said")}</th>{editable && <td />}</tr></thead>
          <tbody>{news.map((one) => (
            <tr key={one.id}>
              <th scope="row">{one.prior ? `${one.prior} → ${one.number}` : one.number}</th>
              <td>{woman(one.recorded.name, one.recorded.birth_date)}</td>
              <td>{woman(one.name, one.birth_date)}</td>
              {editable && <td><span class="buttons">
                <button type="button" onClick={() => decide(one, true)}>{t("news.accept")}</button>
                <button type="button" onClick={() => decide(one, false)}>{t("news.decline")}</button>
              </span></td>}
            </tr>
          ))}</tbody>
        </table>
      </div>
    </section>
  );
}

const woman = (name: string, birth: string | null): string => [personName(name), formatDay(birth)].filter(Boolean).join(" · ") || "–";
