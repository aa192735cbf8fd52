import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { encode } from "./qr";

/** A QR code as crisp squares; dark on light in every theme, as cameras want it. */
export function QrCode({ text }: { text: string }): JSX.Element {
  const [path, size] = useMemo(() => {
    const modules = encode(text);
    let drawn = "";
    modules.forEach((row, y) => row.forEach((dark, x) => { if (dark) drawn += `M${x + 4} ${y + 4}h1v1h-1z`; }));
    return [drawn, modules.length + 8];
  }, [text]);
  return (
    <svg class="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={text} shape-rendering="crispEdges">
      <rect width={size} height={size} fill="#fff" /><path d={path} fill="#000" />
    </svg>
  );
}
