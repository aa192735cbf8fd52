import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { LANGUAGES, type Language, choose, language, t, useLanguage } from "@fada/shared/i18n";
import { CaseStore } from "../store/cases";
import { givenSettings } from "../sync/given";
import { type Identity, identity } from "../sync/hubClient";
import { Vault } from "../store/vault";
import { AtlasPage } from "../guide/AtlasPage";
import { Enrol } from "./Enrol";
import { Home } from "./Home";
import { Unlock } from "./Unlock";

/** PIN, then enrolment, then the cases. */
export function App(): JSX.Element {
  useLanguage();
  const [fixed, setFixed] = useState(false); // the programme chose the language
  const shown = language();
  useEffect(() => { void givenSettings().then((given) => setFixed(given.locked === true && given.language !== undefined)); }, [shown]);
  const [atlas, setAtlas] = useState(false);
  const [vault, setVault] = useState<Vault | null>(null);
  const [who, setWho] = useState<Identity | null | undefined>(undefined);
  useEffect(() => { void identity().then((enrolled) => setWho(enrolled ?? null)); }, []);
  return (
    <>
      <header class="field-bar">
        <span class="brand"><img src="/field/icon.svg" alt="" width="26" height="26" /> FADA</span>
        {who && <small class="muted">{who.site}</small>}
        <label><span class="hidden">{t("nav.language")}</span>
          <select value={language()} disabled={fixed} onChange={(e) => void choose(e.currentTarget.value as Language)}>
            {Object.entries(LANGUAGES).map(([value, name]) => <option key={value} value={value}>{name}</option>)}
          </select>
        </label>
        <button type="button" class="quiet" aria-pressed={atlas} onClick={() => setAtlas(!atlas)}>{t("nav.atlas")}</button>
        {vault && <button type="button" class="quiet" onClick={() => location.reload()}>{t("phone.lock")}</button>}
      </header>
      {atlas && <AtlasPage close={() => setAtlas(false)} />}
      <div hidden={atlas}>{!vault ? <Unlock opened={setVault} />
        : who === undefined ? <p class="waiting">{t("loading")}</p>
          : who === null ? <Enrol enrolled={() => void identity().then((enrolled) => setWho(enrolled ?? null))} />
            : <Home store={new CaseStore(vault)} who={who} />}</div>
    </>
  );
}
