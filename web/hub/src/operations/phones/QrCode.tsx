import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { encode } from "uqr";

/** A QR code as crisp squares; dark on light in every theme, as cameras want it. */
export function QrCode({ text }: { text: string }): JSX.Element {
  const [path, size] = useMemo(() => {
    const code = encode(text, { ecc: "M", border: 4 });
    const modules = code.data.flatMap((row, y) => row.map((dark, x) => (dark ? `M${x} ${y}h1v1h-1z` : "")));
    return [modules.join(""), code.size];
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={text} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" /><path d={path} fill="#000" />
    </svg>
  );
}
