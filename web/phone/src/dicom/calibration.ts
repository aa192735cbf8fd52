import type { DataSet } from "dicom-parser";
import type { Calibration, Region } from "@fada/shared/api/types";
import { TAG, has, items } from "./tags";

const CENTIMETRE = 3;
/** What the hub writes where a person gave the scale (services/domain/calibration.py). */
const GIVEN_BY_HAND = "Pixel size given by hand at upload; not read from the image.";
const NONE: Calibration = { regions: [], spacing: null };
const fits = (mm: number): boolean => mm > 0 && mm < 100;

/** What an object says about its scale, as the hub reads it (services/dicom/parser/frames.py): cm per pixel in each
 * ultrasound region (PS3.3 C.8.5.5), else the pixel spacing in mm. Nothing is guessed. */
export function calibration(of: DataSet): Calibration {
  const sequence = items(of, TAG.regions);
  const regions = sequence.map((item) => region(item, has(of, TAG.comments) && of.text(TAG.comments) === GIVEN_BY_HAND ? "scale_bar" : "ultrasound_region")).filter((r) => r !== null);
  if (regions.length > 0) return { regions, spacing: null };
  if (sequence.length > 0) return NONE; // regions that say nothing usable: the spacing may not speak for them
  const values = has(of, TAG.spacing) ? (of.string(TAG.spacing) ?? "").split("\\") : [];
  const [row, column] = values.map((v) => (v.trim() === "" ? NaN : Number(v)));
  if (values.length !== 2 || !fits(row!) || !fits(column!)) return NONE;
  return { regions: [], spacing: { mm_x: column!, mm_y: row!, source: "pixel_spacing" } };
}

function region(item: DataSet, source: string): Region | null {
  const one = <T>(tag: string, size: number, read: (tag: string) => T | undefined): T | null =>
    (item.elements[tag]?.length === size ? read(tag) ?? null : null);
  const units = ["x00186024", "x00186026"].map((tag) => one(tag, 2, (t) => item.uint16(t)));
  const deltas = ["x0018602c", "x0018602e"].map((tag) => one(tag, 8, (t) => item.double(t)));
  const corners = ["x00186018", "x0018601a", "x0018601c", "x0018601e"].map((tag) => one(tag, 4, (t) => item.uint32(t)));
  if (deltas.some((v) => v === null) || corners.some((v) => v === null)) return null;
  const [x0, y0, x1, y1] = corners as [number, number, number, number];
  if (units.some((u) => u !== CENTIMETRE) || x1 <= x0 || y1 <= y0) return null;
  // Some scanners count y upwards and write a negative delta; its size is what scales.
  const [mm_x, mm_y] = deltas.map((v) => Math.abs(v!) * 10) as [number, number];
  return fits(mm_x) && fits(mm_y) ? { x0, y0, x1, y1, mm_x, mm_y, source } : null;
}
