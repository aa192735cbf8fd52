import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { listen } from "../api/events";
import type { StudyRow } from "@fada/shared/api/types";
import { type Filters, worklistPage } from "../study/order";

/** Rows in one request. */
export const PAGE = 100;

export interface WorklistRows {
  total: number | null;
  /** Whether there may be more than `total`: the hub stops counting somewhere. */
  more: boolean;
  /** The row at a place of the order, if it has been fetched. */
  at(index: number): StudyRow | undefined;
  /** Says which places are on the screen; what is missing there is fetched. */
  show(from: number, to: number): void;
  refresh(): void;
  live: boolean;
  failure: unknown;
}

/** The worklist, fetched by hundreds as it is scrolled, and anew when the hub says that it changed. */
export function useWorklist(filters: Filters): WorklistRows {
  const [, redraw] = useState(0);
  const [total, setTotal] = useState<number | null>(null);
  const [more, setMore] = useState(false);
  const [live, setLive] = useState(false);
  const [failure, setFailure] = useState<unknown>(null);
  const [cursor, setCursor] = useState<number | null>(null);
  const pages = useRef(new Map<number, StudyRow[]>());
  const requested = useRef(new Set<number>());
  const shown = useRef<[number, number]>([0, 0]);
  const generation = useRef(0); // answers to an older request are dropped

  const fetchPage = useCallback(async (page: number): Promise<void> => {
    if (requested.current.has(page)) return;
    requested.current.add(page);
    const mine = generation.current;
    try {
      const answer = await worklistPage(filters, PAGE, page * PAGE);
      if (mine !== generation.current) return;
      pages.current.set(page, answer.items);
      setTotal(answer.total);
      setMore(answer.total_is_exact === false);
      setFailure(null);
      setCursor((was) => was ?? answer.cursor);
      redraw((n) => n + 1);
    } catch (reason) {
      if (mine === generation.current) setFailure(reason);
    } finally {
      if (mine === generation.current) requested.current.delete(page);
    }
  }, [filters]);

  const visible = useCallback((): number[] => {
    const [from, to] = shown.current;
    const first = Math.floor(from / PAGE), last = Math.floor(to / PAGE);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  }, []);

  const refresh = useCallback((): void => {
    generation.current++;
    requested.current.clear();
    const keep = new Set(visible());
    for (const page of pages.current.keys()) if (!keep.has(page)) pages.current.delete(page);
    keep.forEach((page) => void fetchPage(page));
  }, [fetchPage, visible]);

  useEffect(() => {
    generation.current++;
    pages.current.clear();
    requested.current.clear();
    shown.current = [0, 0];
    void fetchPage(0);
  }, [fetchPage]);

  const latest = useRef(refresh);
  latest.current = refresh;
  useEffect(() => {
    if (cursor === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const stop = listen(cursor, (event) => {
      if (event.type === "study.progress") return;
      clearTimeout(timer);
      timer = setTimeout(() => latest.current(), 400);
    }, setLive);
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [cursor]);

  return {
    total, more, live, failure, refresh,
    at: (index) => pages.current.get(Math.floor(index / PAGE))?.[index % PAGE],
    show(from, to) {
      shown.current = [from, to];
      for (const page of visible()) if (!pages.current.has(page)) void fetchPage(page);
    },
  };
}
