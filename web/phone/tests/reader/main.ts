import type { Report } from "@fada/shared/api/types";
import type { Manifest } from "../../src/reading/manifest";
import { Reader } from "../../src/reading/reader";
import type { Case } from "../../src/store/cases";
import { sha256, uuid7 } from "../../src/case/ids";

/** The phone's own reader on a page of its own: `open` a release that lies beside the page, then `read` pictures. */
interface Phone {
  open: () => Promise<string>;
  read: (base64: string, pixelMm: [number, number] | null) => Promise<Report>;
}
declare global {
  interface Window { phone: Phone }
}

let reader: Reader;

window.phone = {
  async open() {
    const raw = await (await fetch("release/manifest.json")).arrayBuffer();
    const manifest = JSON.parse(new TextDecoder().decode(raw)) as Manifest;
    const files: Record<string, Blob> = {};
    for (const name of ["vision.onnx", "text.gguf", "mmproj.gguf"]) {
      if (manifest.files[name]) files[name] = await (await fetch(`release/${name}`)).blob();
    }
    reader = await Reader.load({ manifest, sha256: await sha256(raw), files });
    return reader.id;
  },
  async read(base64, pixelMm) {
    const picture = new Blob([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], { type: "image/png" });
    const hash = await sha256(await picture.arrayBuffer());
    const made: Case = {
      id: uuid7(), n: 1, state: "captured", urgent: false, frozen: false, version: 1,
      pictures: [{ sha256: hash, size: picture.size, media_type: picture.type, pixelMm, frames: null, reads: [], fresh: false }], study: "",
      report: null, hubVersion: 0, hub: null, problem: "", missing: null, uploads: {},
    };
    return (await reader.read(made, [picture], null, () => {})).report;
  },
};
