/** A file of a case. What lies here is not sealed, so nothing of a patient's is in it. */
export interface Picture {
  sha256: string;
  size: number;
  media_type: string;
  /** The scale that a person set on it, x and y. */
  pixelMm: [number, number] | null;
  /** Frames that a person chose; null: the best ones. */
  frames: number[] | null;
  /** Frames that stand in the report, in its order. */
  reads: number[];
  /** Whether these still hold; false where the picture is new, or its scale or frames were set anew. */
  fresh: boolean;
}

/** A case as its reader needs it: its id (a UUID) and its files in order. */
export interface CasePictures { id: string; pictures: readonly Picture[] }
