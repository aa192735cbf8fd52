/** What a person says of the woman when a case is taken; all of it may be empty. It lies sealed on the phone. */
export interface Details {
  number: string;
  name: string;
  /** First day of the last period, `2026-01-31`; "" when it is not known. */
  last_period: string;
  indication: string;
}

export const NO_DETAILS: Details = { number: "", name: "", last_period: "", indication: "" };

/** Nothing of it longer than the hub takes, no signs that are no text. */
export const cleanDetails = (details: Details): Details => ({
  number: plain(details.number, 64), name: plain(details.name, 64), last_period: details.last_period, indication: plain(details.indication, 200),
});

/** Whether anything is said. */
export const hasDetails = (details: Details): boolean => Object.values(details).some((value) => value !== "");

const plain = (value: string, length: number): string => [...value.replace(/[\p{Cc}\\]/gu, " ").trim()].slice(0, length).join("");
