import type { Centile, Dating, Measurement } from "../api/types";
import type { Box, Point } from "../measurement/geometry";
import type { Raster } from "../measurement/mask";

/** A structure as a person sees and changes it. `raster` is there once a brush was used. */
export interface Mark {
  id: string;
  label: string;
  confidence: number | null; // null: drawn by hand
  box: Box;
  polygon: Point[];
  raster: Raster | null;
}

/** What is measured on one frame. `byHand`: something of it was drawn by a person. */
export interface FrameMeasurements { measurements: Measurement[]; datings: Dating[]; centiles: Centile[]; byHand: boolean }
