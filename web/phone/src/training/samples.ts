import abdomen from "../../../../samples/examination-26w/2-abdomen.dcm?url";
import femur from "../../../../samples/examination-26w/3-femur.dcm?url";
import head from "../../../../samples/examination-26w/1-head.dcm?url";
import uncalibrated from "../../../../samples/femur-uncalibrated.dcm?url";
import translucency from "../../../../samples/nt-view.dcm?url";

/** Sample cases to practise with: real images with invented names, CC BY 4.0 (samples/ATTRIBUTION.txt). */
export const SAMPLES = [
  { name: "examination", files: [head, abdomen, femur] },
  { name: "uncalibrated", files: [uncalibrated] },
  { name: "nt", files: [translucency] },
] as const;
export type Sample = (typeof SAMPLES)[number];

/** Who made the images. */
export const ATTRIBUTION = "HC18 (van den Heuvel et al. 2018), FETAL_PLANES_DB (Burgos-Artizzu et al. 2020), Fetus Framework (Cui, Dong 2022), Multicentre Fetal Biometry (UCL). CC BY 4.0.";

/** A sample's files; they lie in the app, so no network is needed. */
export const filesOf = (sample: Sample): Promise<File[]> =>
  Promise.all(sample.files.map(async (url, n) => new File([await (await fetch(url)).blob()], `${sample.name}-${n + 1}.dcm`, { type: "application/dicom" })));
