/** A confidence as people read it. Never `100 %`: nothing here is certain. */
export const percent = (confidence: number): string =>
  confidence > 0.99 ? ">99 %" : confidence < 0.01 ? "<1 %" : `${Math.round(confidence * 100)} %`;
