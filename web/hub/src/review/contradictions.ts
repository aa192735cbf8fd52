import type { Measurement } from "@fada/shared/api/types";
import { perimeter } from "@fada/shared/measurement/biometry";

/** Beyond this share two ways to one circumference contradict each other. */
const SHARE = 0.05;

export interface Contradiction { measure: string; value: string; implied: string }

/** HC is the perimeter of the ellipse over BPD and OFD. Where the three were set apart from each other and do not fit,
 * it is said: none of them is dropped. */
export function contradictions(measurements: readonly Measurement[]): Contradiction[] {
  const [hc, bpd, ofd] = ["HC", "BPD", "OFD"].map((name) => measurements.find((one) => one.name === name)?.mm ?? null);
  if (hc == null || bpd == null || ofd == null) return [];
  const implied = perimeter(Math.max(ofd, bpd) / 2, Math.min(ofd, bpd) / 2);
  return Math.abs(hc - implied) > SHARE * implied ? [{ measure: "HC", value: hc.toFixed(1), implied: implied.toFixed(1) }] : [];
}
