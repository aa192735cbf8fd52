import type { DataSet } from "dicom-parser";

/** dicom-parser's names of the elements that are read here. */
export const TAG = {
  syntax: "x00020010", metaSopClass: "x00020002", metaSopUid: "x00020003", sopClass: "x00080016", studyDate: "x00080020", sopUid: "x00080018", studyUid: "x0020000d", seriesUid: "x0020000e",
  samples: "x00280002", photometric: "x00280004", planar: "x00280006", frames: "x00280008", rows: "x00280010", columns: "x00280011",
  allocated: "x00280100", stored: "x00280101", signed: "x00280103", spacing: "x00280030", pixels: "x7fe00010",
  windowCenter: "x00281050", windowWidth: "x00281051", voiFunction: "x00281056", voiLuts: "x00283010", modalityLuts: "x00283000",
  intercept: "x00281052", slope: "x00281053", lutDescriptor: "x00283002", lutData: "x00283006",
  redDescriptor: "x00281101", redData: "x00281201", greenData: "x00281202", blueData: "x00281203",
  regions: "x00186011", comments: "x00204000",
} as const;

/** The items of a sequence; none when it is not there. */
export const items = (from: DataSet, tag: string): DataSet[] =>
  (from.elements[tag]?.items ?? []).flatMap((item) => (item.dataSet ? [item.dataSet] : []));

/** Whether the element is there. */
export const has = (from: DataSet, tag: string): boolean => from.elements[tag] !== undefined;

/** One value of a decimal string; null when there is none or it is no number. */
export function decimal(from: DataSet, tag: string, index = 0): number | null {
  const text = from.elements[tag] === undefined ? undefined : from.string(tag, index);
  const value = text === undefined || text.trim() === "" ? NaN : Number(text);
  return Number.isFinite(value) ? value : null;
}

/** `count` 16-bit words of an element, signed where its VR or the pixels say so. */
export function words(from: DataSet, tag: string, signed: boolean): number[] {
  const element = from.elements[tag];
  if (!element) return [];
  const negative = element.vr === "SS" || (element.vr === undefined && signed);
  return Array.from({ length: Math.floor(element.length / 2) }, (_, i) => (negative ? from.int16(tag, i) : from.uint16(tag, i)) ?? 0);
}
