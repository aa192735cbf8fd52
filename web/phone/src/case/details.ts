/** What a person says of the woman when a case is taken; all of it may be empty. It lies sealed on the phone. */
export interface Details {
  number: string;
  name: string;
  /** First day of the last period, `2026-01-31`; "" when it is not known. */
  last_period: string;
  indication: string;
  /** How many fetuses, `2`; "" when nobody has said. */
  fetuses: string;
  /** Of several fetuses, which one an image shows: SOP Instance UID → letter. */
  fetus_images: Readonly<Record<string, string>>;
  /** The day of the examination where it is not that of the capture, `2026-01-31`; images that name a day win. */
  study_date: string;
}

/** What stands in a form, each as a line of its own. */
export const DETAILS_FIELDS = ["number", "name", "study_date", "last_period", "indication", "fetuses"] as const;

export const NO_DETAILS: Details = { number: "", name: "", last_period: "", indication: "", fetuses: "", fetus_images: {}, study_date: "" };

/** Nothing of it longer than the hub takes, no signs that are no text. */
export const cleanDetails = (details: Details): Details => ({
  number: plain(details.number, 64), name: plain(details.name, 64), last_period: details.last_period, indication: plain(details.indication, 200),
  fetuses: /^[1-9]$/.test(details.fetuses) ? details.fetuses : "", fetus_images: details.fetus_images, study_date: details.study_date,
});

/** Whether anything is said. */
export const hasDetails = (details: Details): boolean => DETAILS_FIELDS.some((name) => details[name] !== "");

const plain = (value: string, length: number): string => [...value.replace(/[\p{Cc}\\]/gu, " ").trim()].slice(0, length).join("");
