import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { code as word, t } from "@fada/shared/i18n";
import { type Told, takeSettings } from "../sync/given";
import { HubError, enrol } from "../sync/hubClient";

const given = (): string => new URLSearchParams(location.hash.slice(1)).get("enrol") ?? "";

/** A one-time code from the hub's page binds this phone to a site. */
export function Enrol({ enrolled }: { enrolled: () => void }): JSX.Element {
  const [code, setCode] = useState(given);
  const [name, setName] = useState("");
  const [problem, setProblem] = useState("");
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    try {
      await takeSettings((await enrol(code.trim(), name.trim())) as Told);
      history.replaceState({}, "", "/field/");
      enrolled();
    } catch (reason) {
      setProblem(word("problem", reason instanceof HubError ? reason.code : "internal"));
    }
  };
  return (
    <main class="field-page">
      <form class="panel card" onSubmit={(e) => void send(e)}>
        <h1>{t("phone.enrol")}</h1>
        <p class="muted">{t("phone.enrol_hint")}</p>
        <label>{t("phone.code")}<input required value={code} autocapitalize="characters" autocomplete="off" onInput={(e) => setCode(e.currentTarget.value)} /></label>
        <label>{t("phone.name")}<input required maxLength={80} value={name} onInput={(e) => setName(e.currentTarget.value)} /></label>
        {problem && <p class="bad" role="alert">{problem}</p>}
        <button type="submit" class="main">{t("phone.enrol")}</button>
      </form>
    </main>
  );
}
