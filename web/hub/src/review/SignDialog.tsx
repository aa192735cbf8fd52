import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Scores } from "@fada/shared/api/types";
import { type Key, t } from "@fada/shared/i18n";
import { useMe } from "../shell/session";
import { Dialog } from "../shell/Dialog";

export type Action = "save" | "accept" | "sign";

interface ScoresProps { scores: Scores; set: (scores: Scores) => void }

/** FADA's scale: 1 acceptable, 2 minor corrections, 3 major corrections; lower is better. */
export function ScoreChoice({ scores, set }: ScoresProps): JSX.Element {
  return (
    <div class="scores">
      {(["interpretation", "annotation"] as const).map((what) => (
        <fieldset key={what}>
          <legend>{t(`score.${what}`)}</legend>
          {([1, 2, 3] as const).map((n) => (
            <label key={n} class={scores[what] === n ? "score on" : "score"} title={t(`score.${n}` as Key)}>
              <input type="radio" name={`score-${what}`} checked={scores[what] === n} onChange={() => set({ ...scores, [what]: n })} />
              <b>{n}</b><span>{t(`score.${n}` as Key)}</span>
            </label>
          ))}
        </fieldset>
      ))}
    </div>
  );
}

interface Props {
  action: Action;
  changed: boolean;
  scores: Scores;
  setScores: (scores: Scores) => void;
  send: (comment: string) => Promise<void>;
  close: () => void;
}

/** The last look before a version is made: scores, a comment, and who stands for it. */
export function SignDialog({ action, changed, scores, setScores, send, close }: Props): JSX.Element {
  const me = useMe();
  const [comment, setComment] = useState("");
  const [busy, setBusy] = useState(false);
  const go = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    await send(comment);
    setBusy(false);
  };
  return (
    <Dialog title={t(`action.${action}_title`)} close={close}>
      <form class="sign" onSubmit={(e) => void go(e)}>
        <p>{t(`sign.${action}_hint`)}</p>
        <p>{changed ? t("sign.changed") : t("sign.unchanged")}</p>
        <ScoreChoice scores={scores} set={setScores} />
        <label>{t("sign.comment")}<textarea rows={2} maxLength={2000} value={comment} onInput={(e) => setComment(e.currentTarget.value)} /></label>
        {action !== "save" && <p class="muted small">{t("sign.hint", { who: me.name ?? me.subject })}</p>}
        <p class="buttons">
          <button type="submit" class="main" disabled={busy} autofocus>{t(`action.${action}`)}</button>
          <button type="button" onClick={close}>{t("cancel")}</button>
        </p>
      </form>
    </Dialog>
  );
}
