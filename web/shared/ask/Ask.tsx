import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n";

/** What was said, and the phases that were run for it; none where the findings were there already. */
export interface Told { answer: string; phases: readonly string[] }

/** A line for questions about the image that is shown: `ask` answers, or rejects with a sentence for the person. */
export function Ask({ ask }: { ask: (question: string) => Promise<Told> }): JSX.Element {
  const [question, setQuestion] = useState("");
  const [reply, setReply] = useState<Told | null>(null);
  const [problem, setProblem] = useState("");
  const [busy, setBusy] = useState(false);
  const send = async (): Promise<void> => {
    if (!question.trim() || busy) return;
    setBusy(true);
    setProblem("");
    try {
      setReply(await ask(question.trim()));
    } catch (reason) {
      setReply(null);
      setProblem(reason instanceof Error ? reason.message : String(reason));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="panel ask" aria-labelledby="ask-title">
      <h2 id="ask-title">{t("ask.title")}</h2>
      <form class="ask-line" onSubmit={(e) => { e.preventDefault(); void send(); }}>
        <input type="text" maxLength={500} aria-labelledby="ask-title" placeholder={t("ask.example")} value={question} onInput={(e) => setQuestion(e.currentTarget.value)} />
        <button type="submit" disabled={busy || !question.trim()}>{busy ? t("ask.busy") : t("ask.send")}</button>
      </form>
      <div aria-live="polite">
        {reply && <p>{reply.answer}</p>}
        {reply && reply.phases.length > 0 && <p class="muted small">{t("ask.ran", { phases: reply.phases.join(", ") })}</p>}
        {problem && <p class="warn">{problem}</p>}
      </div>
      <p class="muted small">{t("ask.note")}</p>
    </section>
  );
}
