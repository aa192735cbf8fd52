import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { patch } from "../api/client";
import type { StudyRow } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { useShortcuts } from "../shell/shortcuts";
import { toastError, errorText } from "../shell/toasts";
import { navigate } from "../shell/router";
import { hasRole, useMe } from "../shell/session";
import { List } from "./List";
import { type Filters, NO_FILTERS, WITHDRAWN, storeView, storedView } from "../study/order";
import { useWorklist } from "./useWorklist";

const STATES = ["received", "analysing", "ready", "failed", "reviewed", WITHDRAWN];
const PLANES = ["head", "abdomen", "femur", "thorax", "nt_view"];
const REASONS = ["disagreement", "finding", "low_confidence"];

/** The cases in triage order; the whole page works from the keyboard. */
export function Worklist(): JSX.Element {
  const me = useMe();
  const stored = useMemo(storedView, []);
  const [filters, setFilters] = useState(stored.filters);
  const [text, setText] = useState(stored.filters.text);
  const [chosen, setChosen] = useState(stored.chosen);
  const search = useRef<HTMLInputElement>(null);
  const rows = useWorklist(filters);
  const total = rows.total ?? 0;

  useEffect(() => { document.title = `${t("worklist.title")} · FADA`; });
  useEffect(() => {
    if (text === filters.text) return;
    const timer = setTimeout(() => change({ text }), 180);
    return () => clearTimeout(timer);
  }, [text]);
  useEffect(() => storeView({ filters, chosen }), [filters, chosen]);
  useEffect(() => { if (rows.total !== null && chosen >= rows.total) setChosen(Math.max(0, rows.total - 1)); }, [rows.total]);

  const change = (some: Partial<Filters>): void => {
    setFilters((was) => ({ ...was, ...some }));
    setChosen(0);
  };
  const clear = (): void => {
    setText("");
    change(NO_FILTERS);
  };
  const open = (row: StudyRow): void => navigate(`/study/${row.id}`);
  const urgent = async (): Promise<void> => {
    const row = rows.at(chosen);
    if (!row || !hasRole(me, "sonographer")) return;
    await patch(`/api/studies/${row.id}`, { urgent: !row.urgent }).then(rows.refresh, toastError);
  };
  const by = (step: number): void => setChosen((n) => Math.min(Math.max(0, total - 1), Math.max(0, n + step)));
  useShortcuts({
    j: () => by(1), k: () => by(-1), ArrowDown: () => by(1), ArrowUp: () => by(-1),
    PageDown: () => by(10), PageUp: () => by(-10), Home: () => setChosen(0), End: () => setChosen(Math.max(0, total - 1)),
    Enter: (event) => {
      const row = rows.at(chosen);
      const target = event.target as HTMLElement;
      if (target.closest("button, a")) target.click();
      else if (row) open(row);
    },
    "/": () => search.current?.focus(), u: () => void urgent(), r: rows.refresh,
  });

  const filtered = filters.text || filters.state || filters.plane || filters.reason || filters.urgent || filters.from || filters.to;
  return (
    <main id="main" class="worklist">
      <div class="worklist-head">
        <h1>{t("worklist.title")}</h1>
        <p class="muted" role="status">
          {rows.total === null ? t("loading") : t(rows.more ? "worklist.many" : "worklist.count", { n: total })}
          <span class={rows.live ? "live on" : "live"}>{rows.live ? t("live.on") : t("live.off")}</span>
        </p>
      </div>
      <form class="filters" role="search" onSubmit={(e) => { e.preventDefault(); search.current?.blur(); }}>
        <input ref={search} type="search" value={text} placeholder={t("worklist.search")} aria-label={t("worklist.search")}
          onInput={(e) => setText(e.currentTarget.value)}
          onKeyDown={(e) => { if (e.key === "Escape") { setText(""); e.currentTarget.blur(); } }} />
        <Choice label={t("filter.state")} prefix="state" all={t("filter.any_state")} values={STATES} value={filters.state} set={(state) => change({ state })} />
        <Choice label={t("filter.plane")} prefix="plane" all={t("filter.any_plane")} values={PLANES} value={filters.plane} set={(plane) => change({ plane })} />
        <Choice label={t("filter.reason")} prefix="reason" all={t("filter.any_reason")} values={REASONS} value={filters.reason} set={(reason) => change({ reason })} />
        <label class="days"><span class="hidden">{t("filter.from")}</span><input type="date" title={t("filter.from")} value={filters.from} max={filters.to || undefined} onChange={(e) => change({ from: e.currentTarget.value })} /></label>
        <label class="days"><span aria-hidden="true">–</span><span class="hidden">{t("filter.to")}</span><input type="date" title={t("filter.to")} value={filters.to} min={filters.from || undefined} onChange={(e) => change({ to: e.currentTarget.value })} /></label>
        <label class="check"><input type="checkbox" checked={filters.urgent} onChange={(e) => change({ urgent: e.currentTarget.checked })} />{t("reason.urgent")}</label>
        <select aria-label={t("filter.order")} value={filters.order} onChange={(e) => change({ order: e.currentTarget.value as Filters["order"] })}>
          <option value="need">{t("order.need")}</option>
          <option value="newest">{t("order.newest")}</option>
        </select>
        {filtered && <button type="button" class="quiet" onClick={clear}>{t("filter.clear")}</button>}
      </form>
      {rows.failure !== null && <p class="bad" role="alert">{errorText(rows.failure)} <button type="button" onClick={rows.refresh}>{t("again")}</button></p>}
      <div class="line heading" aria-hidden="true">
        <span>{t("column.headline")}</span><span>{t("column.patient")}</span><span>{t("column.study")}</span>
        <span>{t("column.plane")}</span><span>{t("column.age")}</span><span>{t("column.state")}</span><span>{t("column.waiting")}</span>
      </div>
      {rows.total === 0
        ? <p class="nothing">{filtered ? t("worklist.none_found") : t("worklist.none")} {!filtered && hasRole(me, "sonographer") && <a href="/upload" data-inside>{t("nav.upload")}</a>}</p>
        : <List rows={rows} chosen={chosen} choose={setChosen} open={open} />}
      <p class="keys muted" aria-hidden="true"><kbd>j</kbd> <kbd>k</kbd> {t("help.move")} · <kbd>Enter</kbd> {t("help.open")} · <kbd>/</kbd> {t("help.search")} · <kbd>?</kbd> {t("help.title")}</p>
    </main>
  );
}

interface ChoiceProps { label: string; prefix: string; all: string; values: string[]; value: string; set: (value: string) => void }

function Choice({ label, prefix, all, values, value, set }: ChoiceProps): JSX.Element {
  return (
    <select aria-label={label} value={value} class={value ? "set" : ""} onChange={(e) => set(e.currentTarget.value)}>
      <option value="">{all}</option>
      {values.map((v) => <option key={v} value={v}>{code(prefix, v)}</option>)}
    </select>
  );
}
