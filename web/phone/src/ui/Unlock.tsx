import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { Vault } from "../store/vault";

/** What lies on the phone is read only after the PIN. */
export function Unlock({ opened }: { opened: (vault: Vault) => void }): JSX.Element {
  const [exists, setExists] = useState<boolean | null>(null);
  const [pin, setPin] = useState("");
  const [wrong, setWrong] = useState(false);
  const [busy, setBusy] = useState(false);
  useEffect(() => { void Vault.exists().then(setExists); }, []);
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    try {
      opened(await (exists ? Vault.open(pin) : Vault.create(pin)));
    } catch {
      setWrong(true);
      setPin("");
    }
    setBusy(false);
  };
  if (exists === null) return <p class="waiting">{t("loading")}</p>;
  return (
    <main class="field-page">
      <form class="panel card" onSubmit={(e) => void send(e)}>
        <h1>{t(exists ? "phone.pin" : "phone.new_pin")}</h1>
        {!exists && <p class="muted">{t("phone.pin_hint")}</p>}
        <label>PIN<input type="password" inputMode="numeric" minLength={6} maxLength={32} required autocomplete="off" autofocus value={pin} onInput={(e) => { setPin(e.currentTarget.value); setWrong(false); }} /></label>
        {wrong && <p class="bad" role="alert">{t("phone.wrong_pin")}</p>}
        <button type="submit" class="main" disabled={busy || pin.length < 6}>{t("phone.open")}</button>
      </form>
    </main>
  );
}
