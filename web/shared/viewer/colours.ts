/** Colours that people with colour blindness tell apart (Okabe and Ito), the ones of the hub's PNG. */
const COLOURS = ["#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#5AA9E6", "#FFFFFF"];

/** The colour of the structure at `index`. */
export const colour = (index: number): string => COLOURS[index % COLOURS.length]!;
