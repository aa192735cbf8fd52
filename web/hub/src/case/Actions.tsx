import type { JSX } from "preact";
import type { Result, Study } from "@fada/shared/api/types";
import { t } from "@fada/shared/i18n";
import type { Action } from "../review/SignDialog";
import type { History } from "../review/history";

interface Props {
  /** A second reading without sight of the first: the report, which has it, stays away. */
  blind: boolean;
  study: Study;
  result: Result;
  changed: boolean;
  editable: boolean;
  editing: boolean;
  setEditing: (on: boolean) => void;
  history: History<unknown>;
  act: (action: Action) => void;
  /** The next case of the worklist; null without one. */
  next: (() => void) | null;
  /** Shows the latest version; null when it is on the screen. */
  showLatest: (() => void) | null;
}

/** What can be done with the version on the screen, and whether a person stands for it. */
export function Actions(props: Props): JSX.Element {
  const { study, result, changed, editing, history, act } = props;
  const reviewed = result.reviewed_by;
  return (
    <footer class="actions">
      <p class={reviewed ? "label reviewed" : "label"}>{reviewed ? t("label.reviewed", { who: reviewed }) : t("label.unreviewed")}</p>
      {changed && <span class="tag" title={t("actions.draft")}>{t("actions.changed")}</span>}
      {props.editable && (history.changed || history.canRedo) && <span class="pair-of-buttons">
        <button type="button" disabled={!history.changed} onClick={history.undo} aria-label={t("editor.undo")} title={`${t("editor.undo")} (Ctrl+Z)`}>↶</button>
        <button type="button" disabled={!history.canRedo} onClick={history.redo} aria-label={t("editor.redo")} title={`${t("editor.redo")} (Ctrl+Y)`}>↷</button>
      </span>}
      {!props.blind && <a class="button" href={`/study/${study.id}/report`} data-inside>{t("actions.report")}</a>}
      {props.editable && <>
        <button type="button" aria-pressed={editing} onClick={() => props.setEditing(!editing)}>{t("actions.edit")}</button>
        {changed && <button type="button" onClick={() => act("save")} title={t("sign.save_hint")}>{t("action.save")}</button>}
        <button type="button" onClick={() => act("accept")} title={t("sign.accept_hint")}>{t("action.accept")}</button>
        <button type="button" class="main" onClick={() => act("sign")} title={t("sign.sign_hint")}>{t("action.sign")}</button>
      </>}
      {reviewed && props.next && <button type="button" class="main" onClick={props.next}>{t("actions.next")}</button>}
      {props.showLatest && <button type="button" onClick={props.showLatest}>{t("versions.latest")}</button>}
    </footer>
  );
}
