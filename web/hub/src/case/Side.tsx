import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { Candidate } from "@fada/shared/examination/summary";
import { t } from "@fada/shared/i18n";
import type { Examination } from "../api/examination";
import { Earlier } from "../examination/Earlier";
import { Fetuses, Unassigned } from "../examination/Fetuses";
import { Growth } from "../examination/Growth";
import type { Live } from "../examination/live";
import { Summary } from "../examination/Summary";
import { series } from "../examination/series";
import { Tabs } from "../shell/Tabs";

interface Props {
  examination: Examination | null;
  /** With the changes on the page; null where the hub does not say. */
  live: Live | null;
  setChart: (chart: string) => void;
  nameOf: (sopUid: string, frame: number) => string;
  show: (sopUid: string, frame: number) => void;
  chosen: Readonly<Record<string, { sop_uid: string; frame: number }>>;
  choose: ((measure: string, candidate: Candidate | null) => void) | null;
  /** What is said of the image on the screen, what people entered, and where the version comes from. */
  image: () => ComponentChildren;
  facts: (() => ComponentChildren) | null;
  /** Null where the versions are not to be seen. */
  history: (() => ComponentChildren) | null;
}

const STORAGE_KEY = "fada.tab";

/** Beside the image: the examination's summary, which stays, and one of several parts below it. */
export function Side({ examination, live, ...props }: Props): JSX.Element {
  const [letter, setLetter] = useState("A");
  const one = live?.fetuses.find((each) => each.fetus === letter) ?? live?.fetuses[0];
  const summary = one?.summary ?? live?.whole ?? null, fetus = one?.fetus ?? "";
  const [tab, setTab] = useState(() => sessionStorage.getItem(STORAGE_KEY) ?? "image");
  const choose = (id: string): void => {
    sessionStorage.setItem(STORAGE_KEY, id);
    setTab(id);
  };
  const points = summary && examination ? series(summary, examination.earlier, fetus) : [];
  const tabs = [
    { id: "image", title: t("tab.image"), content: props.image },
    ...(props.facts ? [{ id: "facts", title: t("tab.facts"), content: props.facts }] : []),
    ...(summary ? [{ id: "growth", title: t("tab.growth"), mark: points.length > 1, content: () => <><Growth summary={summary} points={points} /><Earlier summary={summary} points={points} /></> }] : []),
    ...(props.history ? [{ id: "history", title: t("tab.history"), content: props.history }] : []),
  ];
  return (
    <div class="case-side">
      {summary && (
        <Summary summary={summary} setChart={props.setChart} nameOf={props.nameOf} show={props.show} chosen={props.chosen} choose={props.choose}
          below={live && <Unassigned values={live.whole.unassigned} nameOf={props.nameOf} show={props.show} />}>
          {live && live.fetuses.length > 0 && <Fetuses live={live} letter={fetus} setLetter={setLetter} />}
        </Summary>
      )}
      <Tabs label={t("tab.label")} tabs={tabs} chosen={tab} choose={choose} />
    </div>
  );
}
