import { useEffect, useState } from "preact/hooks";
import { type Place, placeOf } from "./order";

/** Where the case stands in the worklist that it was opened from; null while that is not known. */
export function usePlace(id: string): Place | null {
  const [place, setPlace] = useState<Place | null>(null);
  useEffect(() => void placeOf(id).then(setPlace, () => setPlace(null)), [id]);
  return place;
}
