import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import { PinMustWait, Vault } from "../store/vault";
import { SHORTEST_PIN, givenSettings } from "../sync/given";
import { waitLeft } from "../store/pinTries";
import { EraseAll } from "./EraseAll";

type Problem = "" | "wrong_pin" | "pins_differ";

/** What lies on the phone is read only after the PIN; a new one is entered twice. */
export function Unlock({ opened }: { opened: (vault: Vault) => void }): JSX.Element {
  const [exists, setExists] = useState<boolean | null>(null);
  const [pin, setPin] = useState("");
  const [again, setAgain] = useState("");
  const [problem, setProblem] = useState<Problem>("");
  const [busy, setBusy] = useState(false);
  const [wait, setWait] = useState(0);
  const [shortest, setShortest] = useState(SHORTEST_PIN);
  const [old, setOld] = useState(""); // the PIN that was right and is shorter than the programme asks for
  const look = (): void => void waitLeft().then(setWait);
  useEffect(() => {
    void Vault.exists().then(setExists);
    void givenSettings().then((given) => setShortest(given.pin_length ?? SHORTEST_PIN));
    look();
  }, []);
  useEffect(() => {
    if (wait <= 0) return;
    const timer = setTimeout(look, 1000);
    return () => clearTimeout(timer);
  }, [wait]);
  const fresh = exists === false || old !== "";
  const send = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (fresh && pin !== again) return setProblem("pins_differ");
    setBusy(true);
    try {
      const vault = await (old ? Vault.change(old, pin) : exists ? Vault.open(pin) : Vault.create(pin));
      if (pin.length >= shortest) opened(vault);
      else setOld(pin);
      setPin("");
    } catch (reason) {
      if (!(reason instanceof PinMustWait)) setProblem("wrong_pin");
      setPin("");
      look();
    }
    setBusy(false);
  };
  if (exists === null) return <p class="waiting">{t("loading")}</p>;
  const least = fresh ? shortest : SHORTEST_PIN;
  const ready = pin.length >= least && (!fresh || again.length >= least) && wait <= 0;
  const field = (value: string, set: (value: string) => void, first: boolean): JSX.Element => (
    <input type="password" inputMode="numeric" minLength={least} maxLength={32} required autocomplete="off" autofocus={first} value={value}
      onInput={(e) => { set(e.currentTarget.value); setProblem(""); }} />
  );
  return (
    <main class="field-page">
      <form class="panel card" onSubmit={(e) => void send(e)}>
        <h1>{t(fresh ? "phone.new_pin" : "phone.pin")}</h1>
        {old && <p class="note" role="status">{t("given.new_pin", { n: shortest })}</p>}
        {!exists && <p class="muted">{t("phone.pin_hint")}</p>}
        <label>PIN{field(pin, setPin, true)}</label>
        {fresh && <label>{t("phone.pin_again")}{field(again, setAgain, false)}</label>}
        {problem && <p class="bad" role="alert">{t(`phone.${problem}`)}</p>}
        {wait > 0 && <p class="note warn" role="status">{t("phone.pin_wait", { n: waiting(wait) })}</p>}
        <button type="submit" class="main" disabled={busy || !ready}>{t("phone.open")}</button>
      </form>
      {exists && <EraseAll />}
    </main>
  );
}

/** `45 s`, or `3:05 min`. */
function waiting(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return seconds < 60 ? `${seconds} s` : `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")} min`;
}
