import type { JSX } from "preact";

const SHORT = 30; // characters of label and value that fit in half a line

/** Labels and what they say; what says nothing is left out. */
export function Rows({ rows }: { rows: readonly (readonly [string, string])[] }): JSX.Element | null {
  const said = rows.filter(([, value]) => value);
  return said.length === 0 ? null : <dl class="sheet-rows">{said.map(([name, value]) => <div key={name} class={value.length > SHORT ? "long" : undefined}><dt>{name}</dt><dd>{value}</dd></div>)}</dl>;
}
