/** Rounded as the hub does it: by the number's exact decimal value, a true half to the even digit. */
export function round(value: number, digits: number): number {
  const half = value * 2 ** (digits + 1);
  if (!Number.isInteger(half) || half % 2 === 0) return Number(value.toFixed(digits));
  const below = Math.floor(value * 10 ** digits);
  return (below % 2 === 0 ? below : below + 1) / 10 ** digits;
}
