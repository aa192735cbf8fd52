import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { language, t } from "@fada/shared/i18n";
import { speakAloud, voiceFor } from "./spokenReport";

/** A voice of the phone says the report; nothing where it has none for the language that is shown. */
export function ReadAloud({ text }: { text: string }): JSX.Element | null {
  const shown = language();
  const [voice, setVoice] = useState(() => voiceFor(shown));
  const [speaking, setSpeaking] = useState(false);
  useEffect(() => {
    const look = (): void => setVoice(voiceFor(shown));
    look();
    globalThis.speechSynthesis?.addEventListener?.("voiceschanged", look); // they come late
    return () => globalThis.speechSynthesis?.removeEventListener?.("voiceschanged", look);
  }, [shown]);
  useEffect(() => () => globalThis.speechSynthesis?.cancel(), []); // a case that is closed is silent
  if (!voice) return null;
  const start = (): void => {
    if (speaking) return speechSynthesis.cancel();
    setSpeaking(true);
    speakAloud(text, voice, () => setSpeaking(false));
  };
  return <p><button type="button" aria-pressed={speaking} onClick={start}>{t(speaking ? "aloud.stop" : "aloud.read")}</button></p>;
}
