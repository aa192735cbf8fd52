import type { PregnancyDating } from "@fada/shared/examination/pregnancy";
import type { FetusOfImage } from "@fada/shared/examination/fetuses";
import type { ExaminationInput } from "@fada/shared/examination/examination";
import { type CaseDays, examinationDay } from "./day";
import type { Details } from "./details";

/** What the hub knows of the examination beyond its images. */
export interface HubFacts {
  day: string | null;
  last_period: string | null;
  dating: PregnancyDating | null;
  fetuses: number | null;
  fetus_images: FetusOfImage;
  chosen: NonNullable<ExaminationInput["chosen"]>;
}

/** What the summary goes by. What was said here and the hub does not have yet (`unsent`) goes before what the hub knows. */
export function examinationInput(of: CaseDays, details: Details, hub: HubFacts | null, unsent: boolean): ExaminationInput {
  const here = { day: examinationDay(of, details), lastPeriod: details.last_period || null, fetuses: Number(details.fetuses) || null };
  if (hub === null) return { ...here, ofImage: details.fetus_images };
  const first = <T>(mine: T | null, theirs: T | null): T | null => (unsent ? mine ?? theirs : theirs ?? mine);
  const changed = unsent && (here.lastPeriod !== null && here.lastPeriod !== hub.last_period || here.day !== hub.day);
  return {
    day: unsent ? here.day : hub.day ?? here.day, lastPeriod: first(here.lastPeriod, hub.last_period), fetuses: first(here.fetuses, hub.fetuses),
    ofImage: unsent ? { ...hub.fetus_images, ...details.fetus_images } : { ...details.fetus_images, ...hub.fetus_images },
    dating: changed ? null : hub.dating, chosen: hub.chosen,
  };
}
