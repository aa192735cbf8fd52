import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { type Key, code, t, useLanguage } from "../i18n";
import { colour } from "../viewer/colours";
import planes from "./planes.json";

const pictures = import.meta.glob<string>("./pictures/*.webp", { eager: true, query: "?url", import: "default" });

/** Planes and structures with pictures of the open data: how to get a plane, how to measure. It needs no network. */
export function Atlas(): JSX.Element {
  useLanguage();
  const [plane, setPlane] = useState("trans-thalamic");
  const one = planes.find((p) => p.plane === plane)!, text = (what: "name" | "get" | "measure", of = plane): string => t(`atlas.${of}.${what}` as Key);
  return (
    <section class="atlas" aria-labelledby="atlas-title">
      <h1 id="atlas-title">{t("atlas.title")}</h1>
      <div class="atlas-choice" role="group" aria-label={t("filter.plane")}>
        {planes.map((p) => (
          <button key={p.plane} type="button" aria-pressed={p.plane === plane} onClick={() => setPlane(p.plane)}>{text("name", p.plane)}</button>
        ))}
      </div>
      <div class="atlas-plane">
        <figure>
          <svg viewBox={`0 0 ${one.width} ${one.height}`} role="img" aria-label={text("name")}>
            <image href={pictures[`./pictures/${plane}.webp`]} width={one.width} height={one.height} />
            {one.marks.map((mark, n) => (
              <g key={mark.label} class="shape" style={{ color: colour(n) }}>
                <polygon points={mark.points.map((p) => p.join(",")).join(" ")} fill="none" vector-effect="non-scaling-stroke"><title>{code("structure", mark.label)}</title></polygon>
              </g>
            ))}
          </svg>
          <figcaption class="muted small">{one.by}</figcaption>
        </figure>
        <div>
          <h2>{t("atlas.get")}</h2>
          <p>{text("get")}</p>
          <h2>{t("atlas.measure")}{one.measures.length > 0 && <span class="muted">: {one.measures.join(", ")}</span>}</h2>
          <p>{text("measure")}</p>
          <h2>{t("structures.title")}</h2>
          <ul class="structures">
            {one.structures.map((label) => {
              const n = one.marks.findIndex((mark) => mark.label === label);
              return (
                <li key={label}>{n >= 0 && <span class="swatch" style={{ background: colour(n) }} />} <b>{code("structure", label)}</b> {t(`atlas.structure.${label}` as Key)}</li>
              );
            })}
          </ul>
        </div>
      </div>
      <p class="muted small">{t("atlas.note")}</p>
    </section>
  );
}
