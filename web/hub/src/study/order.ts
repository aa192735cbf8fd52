import { get, query } from "../api/client";
import type { Page, StudyRow } from "@fada/shared/api/types";

/** What a worklist shows: filters and order. `from` and `to` are days of the examination, `2026-01-31`. */
export interface Filters {
  text: string;
  state: string;
  plane: string;
  reason: string;
  urgent: boolean;
  from: string;
  to: string;
  order: "need" | "newest";
}

/** All studies, most urgent first. */
export const NO_FILTERS: Filters = { text: "", state: "", plane: "", reason: "", urgent: false, from: "", to: "", order: "need" };

/** Chosen as a state: the studies that were withdrawn, which no other choice shows. */
export const WITHDRAWN = "withdrawn";

/** A part of the worklist as the gateway orders it. */
export const worklistPage = (filters: Filters, limit: number, offset: number): Promise<Page<StudyRow>> =>
  get<Page<StudyRow>>(`/api/studies${query({
    text: filters.text, ...(filters.state === WITHDRAWN ? { withdrawn: true } : { state: filters.state }), plane: filters.plane, reason: filters.reason, urgent: filters.urgent || undefined,
    date_from: filters.from, date_to: filters.to, order: filters.order, limit, offset,
  })}`);

interface View { filters: Filters; chosen: number }

/** The order of the cases as it was when the first of them was opened: signing one moves none of the others. */
interface Order { ids: string[]; from: number; total: number }

const VIEW = "fada.worklist", ORDER = "fada.order";
const AROUND = 500;

function stored<T>(key: string): Partial<T> {
  try {
    return (JSON.parse(sessionStorage.getItem(key) ?? "{}") ?? {}) as Partial<T>;
  } catch {
    return {};
  }
}

/** The worklist as it was left in this tab. */
export function storedView(): View {
  const was = stored<View>(VIEW);
  return { filters: { ...NO_FILTERS, ...was.filters }, chosen: was.chosen ?? 0 };
}

/** Remembers the worklist, and takes its order anew for the next case. */
export function storeView(view: View): void {
  sessionStorage.setItem(VIEW, JSON.stringify(view));
  sessionStorage.removeItem(ORDER);
}

/** Where a case stands in the worklist: the `n`th of `total`, with its neighbours. */
export interface Place { n: number; total: number; before: string | null; after: string | null }

/** The place of a case in the worklist that it was opened from; null when it is none of its cases. */
export async function placeOf(id: string): Promise<Place | null> {
  let order = stored<Order>(ORDER) as Order;
  if (!order.ids?.includes(id)) {
    const { filters, chosen } = storedView();
    const from = Math.max(0, chosen - AROUND / 2);
    const page = await worklistPage(filters, AROUND, from);
    order = { ids: page.items.map((row) => row.id), from, total: page.total };
    sessionStorage.setItem(ORDER, JSON.stringify(order));
  }
  const at = order.ids.indexOf(id);
  if (at < 0) return null;
  return { n: order.from + at + 1, total: Math.max(order.total, order.from + order.ids.length), before: order.ids[at - 1] ?? null, after: order.ids[at + 1] ?? null };
}
