import type { JSX } from "preact";
import { code, t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { dateTime } from "../shell/format";

export interface Erasure {
  id: string; site: string; kind: string; subject: string; by: string; reason: string; asked_at: string; finished_at: string | null;
  studies: string[]; removed: Record<string, number>; objects: { all: number; waiting: number; shared: number };
  receivers: string[]; phones: { name: string; cases: number; forgotten: number }[];
}
export interface Signed { statement: Erasure & { hub: string; issued_at: string }; public_key: string; signature: string }

/** A certificate of erasure: what went, and what people still have to do outside; to print, and signed to keep. */
export function Certificate({ signed, close }: { signed: Signed; close: () => void }): JSX.Element {
  const { statement: s } = signed;
  const rows = Object.values(s.removed).reduce((sum, count) => sum + count, 0);
  const href = `data:application/json;charset=utf-8,${encodeURIComponent(JSON.stringify(signed, null, 1))}`;
  return (
    <Dialog title={t("erase.certificate")} close={close} wide>
      <dl class="certificate">
        <dt>{code("erasure", s.kind)}</dt><dd class="hash">{s.subject}</dd>
        <dt>{t("record.reason")}</dt><dd>{s.reason}</dd>
        <dt>{t("erase.asked")}</dt><dd>{dateTime(s.asked_at)}</dd>
        <dt>{t("erase.finished")}</dt><dd>{s.finished_at ? dateTime(s.finished_at) : t("erase.waiting", { n: s.objects.waiting })}</dd>
        <dt>{t("erase.studies")}</dt><dd class="hash">{s.studies.join(", ") || "–"}</dd>
        <dt>{t("erase.objects")}</dt><dd>{s.objects.all - s.objects.waiting - s.objects.shared}{s.objects.shared > 0 && ` (${t("erase.shared", { n: s.objects.shared })})`}</dd>
        <dt>{t("erase.rows")}</dt><dd>{rows}</dd>
        {s.phones.length > 0 && <><dt>{t("ops.phones")}</dt><dd>{s.phones.map((p) => <div key={p.name}>{t("erase.phone", { name: p.name, done: p.forgotten, n: p.cases })}</div>)}</dd></>}
        {s.receivers.length > 0 && <><dt class="bad">{t("erase.receivers")}</dt><dd>{s.receivers.join(", ")}</dd></>}
        <dt>{t("erase.hub")}</dt><dd class="hash">{s.hub} · {signed.public_key}</dd>
      </dl>
      <p class="muted small">{t("erase.audit_stays")}</p>
      <p class="buttons"><a class="button main" href={href} download={`erasure-${s.id}.json`}>{t("erase.download")}</a><button type="button" onClick={() => print()}>{t("erase.print")}</button></p>
    </Dialog>
  );
}
