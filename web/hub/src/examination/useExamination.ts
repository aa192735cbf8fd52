import { useCallback, useEffect, useState } from "preact/hooks";
import { get, query } from "../api/client";
import type { Examination, FactsVersion } from "../api/examination";

export interface ExaminationData {
  examination: Examination | null;
  chart: string;
  setChart: (chart: string) => void;
  reload: () => Promise<void>;
  /** The newest facts as the hub has them now. */
  latestFacts: () => Promise<FactsVersion | undefined>;
}

const STORAGE_KEY = "fada.chart";

/** The examination that a study is, asked for anew whenever `seen` changes (a further version, a change of its state).
 * The chart that a reader chose is kept in this browser. */
export function useExamination(id: string, seen: string): ExaminationData {
  const [examination, setExamination] = useState<Examination | null>(null);
  const [chart, setChart] = useState(() => localStorage.getItem(STORAGE_KEY) ?? "INTERGROWTH-21st");
  const reload = useCallback(async (): Promise<void> => {
    // Without it the images can still be read: the pages hide what the hub does not say.
    setExamination(await get<Examination>(`/api/studies/${id}/examination${query({ chart })}`).catch(() => null));
  }, [id, chart]);
  useEffect(() => void reload(), [reload, seen]);
  return {
    examination, chart, reload,
    latestFacts: async () => (await get<Examination>(`/api/studies/${id}/examination`)).facts,
    setChart: (next) => {
      localStorage.setItem(STORAGE_KEY, next);
      setChart(next);
    },
  };
}
