import type { StudyRow } from "@fada/shared/api/types";

/** What was asked for, with the studies that met it. `name` is DICOM PN text; `day` and `time` are the hub's. */
export interface Order {
  id: string;
  accession: string;
  source: "typed" | "hl7" | "fhir";
  state: "scheduled" | "in_progress" | "completed" | "discontinued" | "cancelled";
  urgent: boolean;
  number: string;
  name: string;
  birth_date: string | null;
  procedure: string;
  station: string;
  day: string;
  time: string;
  studies: StudyRow[];
}

/** What a hospital says anew of a woman, beside what her record says. */
export interface News {
  id: string;
  number: string;
  /** The number that is to be merged into `number`; empty: name or birth date changed. */
  prior: string;
  name: string;
  birth_date: string | null;
  recorded: { name: string; birth_date: string | null };
}

/** The name as DICOM writes it: `Doe, Jane` is `Doe^Jane`. */
export const asPersonName = (text: string): string => text.split(",").map((part) => part.trim()).filter(Boolean).join("^");
