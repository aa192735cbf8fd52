import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { Language } from "../i18n";
import { code, language, t, useLanguage } from "../i18n";
import { colour } from "../viewer/colours";
import type en from "./words/en.json";
import planes from "./planes.json";

type Words = typeof en;
type Plane = keyof Words["planes"];
const load: Record<Language, () => Promise<{ default: Words }>> = {
  en: () => import("./words/en.json"), fr: () => import("./words/fr.json"), sw: () => import("./words/sw.json"),
  hi: () => import("./words/hi.json"), pt: () => import("./words/pt.json"),
};
const pictures = import.meta.glob<string>("./pictures/*.webp", { eager: true, query: "?url", import: "default" });

/** Planes and structures with pictures of the open data: how to get a plane, how to measure. It needs no network. */
export function Atlas(): JSX.Element {
  const shown = useLanguage(), now = language();
  const [words, setWords] = useState<Words | null>(null);
  const [plane, setPlane] = useState<Plane>("trans-thalamic");
  useEffect(() => { void load[now]().then((loaded) => setWords(loaded.default)); }, [shown, now]);
  if (words === null) return <p class="waiting" role="status">{t("loading")}</p>;
  const one = planes.find((p) => p.plane === plane)!, text = words.planes[plane];
  return (
    <section class="atlas" aria-labelledby="atlas-title">
      <h1 id="atlas-title">{t("atlas.title")}</h1>
      <div class="atlas-choice" role="group" aria-label={t("filter.plane")}>
        {planes.map((p) => (
          <button key={p.plane} type="button" aria-pressed={p.plane === plane} onClick={() => setPlane(p.plane as Plane)}>{words.planes[p.plane as Plane].name}</button>
        ))}
      </div>
      <div class="atlas-plane">
        <figure>
          <svg viewBox={`0 0 ${one.width} ${one.height}`} role="img" aria-label={text.name}>
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
          <p>{text.get}</p>
          <h2>{t("atlas.measure")}{one.measures.length > 0 && <span class="muted">: {one.measures.join(", ")}</span>}</h2>
          <p>{text.measure}</p>
          <h2>{t("structures.title")}</h2>
          <ul class="structures">
            {one.structures.map((label) => {
              const n = one.marks.findIndex((mark) => mark.label === label);
              return (
                <li key={label}>{n >= 0 && <span class="swatch" style={{ background: colour(n) }} />} <b>{code("structure", label)}</b> {words.structures[label as keyof Words["structures"]]}</li>
              );
            })}
          </ul>
        </div>
      </div>
      <p class="muted small">{t("atlas.note")}</p>
    </section>
  );
}
