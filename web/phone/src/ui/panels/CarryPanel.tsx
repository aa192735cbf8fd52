import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { code, t, useSentence } from "@fada/shared/i18n";
import { type Case, type CaseStore, isUnsent } from "../../store/cases";
import { isBundle, isTooLarge, sealCase } from "../../sync/bundle";
import { type Carried, carried, carriedWaits, drop, handInAnyway, take, takeReceipt } from "../../sync/carried";
import type { Identity } from "../../sync/hubClient";
import { type Waits, onLinkChange } from "../../sync/link";

interface Props { store: CaseStore; who: Identity; cases: readonly Case[]; say: (reason: unknown) => void; changed: () => void }

/** Cases that travel without a network: this phone's own given to a carrier, others' taken along, receipts back. */
export function CarryPanel({ store, who, cases, say, changed }: Props): JSX.Element {
  const [along, setAlong] = useState<Carried[]>([]);
  const [waits, setWaits] = useState<Waits>("");
  const [notice, setNotice] = useSentence();
  const files = useRef<HTMLInputElement>(null);
  const refresh = (): void => { void carried().then(setAlong); void carriedWaits().then(setWaits); };
  const waiting = cases.filter((c) => isUnsent(c) && c.state !== "captured").length;
  useEffect(() => onLinkChange(refresh), []);
  useEffect(refresh, [cases]); // each round of sending may have handed one in
  const give = async (): Promise<void> => {
    const sealed: File[] = [], cases = await store.waiting(), tooLarge = cases.filter(isTooLarge).length;
    for (const record of cases.filter((one) => !isTooLarge(one))) {
      const file = await sealCase(store, who, record);
      if (file) sealed.push(file);
    }
    await hand(sealed);
    setNotice(() => [t("carry.given", { n: sealed.length }), ...(tooLarge > 0 ? [t("carry.too_large", { n: tooLarge })] : [])].join(" "));
    changed();
  };
  const bring = async (chosen: File[]): Promise<void> => {
    let receipts = 0;
    for (const file of chosen) {
      if (await isBundle(file)) await take(file);
      else if (await takeReceipt(store, file).catch(() => false)) receipts++;
      else throw new Error("no_carried_case");
    }
    setNotice(() => receipts > 0 ? t("carry.arrived") : t("carry.taken", { n: chosen.length }));
    refresh();
    changed();
  };
  const receipts = along.flatMap((one) => one.receipt ?? []), refused = along.filter((one) => one.refused);
  const attempt = (work: Promise<void>): void => void work.catch((reason: unknown) => { say(reason); setNotice(() => t("carry.failed")); });
  return (
    <details class="panel carry">
      <summary>{t("carry.title")}{along.length > 0 && ` · ${t("carry.along", { n: along.length - receipts.length - refused.length, done: receipts.length })}`}</summary>
      <p class="muted small">{t("carry.hint")}</p>
      <input ref={files} class="hidden" type="file" multiple aria-label={t("carry.take")} onChange={(e) => { attempt(bring([...(e.currentTarget.files ?? [])])); e.currentTarget.value = ""; }} />
      <div class="row">
        <button type="button" disabled={waiting === 0} onClick={() => attempt(give())}>{t("carry.give", { n: waiting })}</button>
        <button type="button" onClick={() => files.current?.click()}>{t("carry.take")}</button>
        {receipts.length > 0 && <button type="button" onClick={() => attempt(hand([new File([JSON.stringify(receipts)], "fada.receipt", { type: "application/json" })]))}>{t("carry.receipts")}</button>}
      </div>
      {waits && <p class="note warn">{t(`carry.${waits}`)} <button type="button" onClick={() => attempt(handInAnyway().then(() => { refresh(); changed(); }))}>{t("carry.anyway")}</button></p>}
      {refused.map((one) => <p key={one.name} class="note warn">{t("carry.refused", { name: one.name, why: code("problem", one.refused) })} <button type="button" onClick={() => attempt(drop(one).then(refresh))}>{t("carry.drop")}</button></p>)}
      {notice && <p class="note" role="status">{notice}</p>}
    </details>
  );
}

/** Files leave by the phone's own sharing where it has one (Bluetooth, nearby devices), else as downloads. */
async function hand(files: File[]): Promise<void> {
  if (files.length === 0) return;
  if (navigator.canShare?.({ files }) && matchMedia("(pointer: coarse)").matches) return navigator.share({ files });
  for (const file of files) {
    const url = URL.createObjectURL(file), link = document.createElement("a");
    [link.href, link.download] = [url, file.name];
    link.click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  }
}
