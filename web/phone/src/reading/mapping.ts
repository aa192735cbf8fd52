import type { Mapping } from "@fada/shared/api/types";

/** Phase 3 for this system's own planes, which the heads have judged: a table, and no words have a
 * say (services/domain/mapping/__init__.py, whose rules for FADA's labels no release in a browser needs). */

const ORGANS = ["artery", "liver", "stomach", "vein"];
const GROUPS: Record<string, { structures: string[]; masks: string[] }> = {
  brain: { structures: ["Brain", "CSP", "LV"], masks: ["Brain"] },
  cardiac: { structures: ["cardiac", "thorax"], masks: ["cardiac", "thorax"] },
  nt_nasal: { structures: ["NT", "nasal_bone", "nasal_skin", "nasal_tip"], masks: ["NT"] },
  doppler: { structures: ORGANS, masks: ORGANS },
  pelvimetry: { structures: ["fetal_head", "pubic_symphysis"], masks: ["fetal_head", "pubic_symphysis"] },
  body_full: { structures: ["abdomen", "arm", "head", "legs"], masks: [] },
  femur: { structures: ["legs"], masks: [] },
};
const PLANES: Record<string, string> = {
  head: "brain", abdomen: "doppler", femur: "femur", thorax: "cardiac", nt_view: "nt_nasal", intrapartum: "pelvimetry",
  body: "body_full", no_plane: "body_full",
};
const SAME: Record<string, string> = { Brain: "fetal_head", head: "fetal_head", LV: "lateral_ventricle" };

const own = (names: string[]): string[] => [...new Set([...names, ...names.flatMap((n) => SAME[n] ?? [])])];

export function mapPlane(plane: string): Mapping {
  const group = PLANES[plane] ?? "body_full", { structures, masks } = GROUPS[group]!;
  return { group, structures: own(structures), masks: own(masks), reason: `plane ${plane}` };
}
