import type { JSX } from "preact";
import { code, t } from "@fada/shared/i18n";
import type { Facts, Said, Seen } from "../api/examination";
import { dateTime } from "../shell/format";
import { useMe } from "../shell/session";
import { errorText } from "../shell/toasts";
import { Choice, Field, Text, Whole } from "./fields";
import { SaidBy } from "./Said";
import type { FactsDraft } from "./useFacts";

const PRESENTATIONS = ["cephalic", "breech", "transverse", "oblique"], ACTIVITIES = ["present", "absent"];
const SITES = ["anterior", "posterior", "fundal", "left", "right"], FLUIDS = ["deepest_pocket", "index"], AMOUNTS = ["normal", "reduced", "increased"];
const ANATOMY = ["head", "brain", "face", "spine", "chest", "heart", "abdomen", "kidneys", "bladder", "limbs", "cord"];
const SEEN: readonly Seen[] = ["seen", "not_seen", "not_looked_at"];

/** Pregnancies and births as they were entered: the one says nothing of the other. */
const parityOf = (gravida: number | null | undefined, para: number | null | undefined): Facts["parity"] =>
  (gravida == null && para == null ? null : { gravida: gravida ?? null, para: para ?? null });

/** `blind`: a second reader does not see what the first concluded. `reason`: the order's. */
interface Props { facts: FactsDraft; said: readonly Said[]; reason: string; scanDay: string; editable: boolean; blind: boolean }

/** What people say about the woman and the fetus. It is saved by itself. */
export function FactsForm({ facts, said, reason, scanDay, editable, blind }: Props): JSX.Element {
  const { values, change } = facts;
  const off = !editable;
  const set = <K extends keyof Facts>(name: K) => (value: Facts[K]): void => change({ [name]: value });
  return (
    <>
      <Saved facts={facts} />
      <section class="panel" aria-labelledby="facts-title">
        <h2 id="facts-title">{t("fact.pregnancy")}</h2>
        <div class="facts-grid">
          <Field label={t("age.period")}>
            <input id="last-period" type="date" value={values.last_period ?? ""} max={scanDay} disabled={off} onChange={(e) => change({ last_period: e.currentTarget.value || null })} />
          </Field>
          <Whole label={t("fact.fetuses")} value={values.fetuses} min={1} max={8} disabled={off} set={set("fetuses")} />
          <Whole label={t("fact.gravida")} value={values.parity?.gravida} min={1} max={30} disabled={off} set={(gravida) => change({ parity: parityOf(gravida, values.parity?.para) })} />
          <Whole label={t("fact.para")} value={values.parity?.para} min={0} max={30} disabled={off} set={(para) => change({ parity: parityOf(values.parity?.gravida, para) })} />
        </div>
        <Text label="fact.indication" placeholder={reason} value={values.indication} disabled={off} set={set("indication")} />
      </section>
      <Fetus values={values} change={change} off={off} />
      <Anatomy values={values} change={change} off={off} />
      {!blind && <section class="panel" aria-labelledby="impression-title">
        <h2 id="impression-title">{t("fact.impression")}</h2>
        <Text label="fact.impression" rows={4} value={values.impression} disabled={off} set={set("impression")} />
        <Text label="fact.comment" hint="fact.comment_hint" rows={2} value={values.comment} disabled={off} set={set("comment")} />
      </section>}
      {!blind && <SaidBy said={said} />}
    </>
  );
}

interface PartProps { values: Facts; change: FactsDraft["change"]; off: boolean }

function Fetus({ values, change, off }: PartProps): JSX.Element {
  const { placenta, fluid } = values;
  return (
    <section class="panel" aria-labelledby="fetus-title">
      <h2 id="fetus-title">{t("fact.fetus")}</h2>
      <div class="facts-grid">
        <Choice label={t("fact.presentation")} prefix="presentation" values={PRESENTATIONS} value={values.presentation} disabled={off} set={(presentation) => change({ presentation })} />
        <Choice label={t("fact.heart_activity")} prefix="heart" values={ACTIVITIES} value={values.heart_activity} disabled={off} set={(heart_activity) => change({ heart_activity })} />
        <Whole label={t("fact.heart_rate")} unit="/min" value={values.heart_rate} min={30} max={300} disabled={off} set={(heart_rate) => change({ heart_rate })} />
        <Choice label={t("fact.placenta")} prefix="placenta" values={SITES} value={placenta?.site} disabled={off} set={(site) => change({ placenta: { low: placenta?.low ?? null, site } })} />
        <Choice label={t("fact.placenta_low")} prefix="answer" values={["yes", "no"]} value={placenta?.low == null ? null : placenta.low ? "yes" : "no"} disabled={off}
          set={(low) => change({ placenta: { site: placenta?.site ?? null, low: low === null ? null : low === "yes" } })} />
        <Choice label={t("fact.fluid")} prefix="fluid" values={AMOUNTS} value={values.fluid_impression} disabled={off} set={(fluid_impression) => change({ fluid_impression })} />
        <Whole label={code("fluid", fluid?.kind ?? "deepest_pocket")} unit="mm" value={fluid?.mm} min={1} max={600} disabled={off}
          set={(mm) => change({ fluid: mm === null ? null : { kind: fluid?.kind ?? "deepest_pocket", mm } })} />
        {fluid && <Choice label={t("fact.fluid_kind")} prefix="fluid" values={FLUIDS} value={fluid.kind} disabled={off} set={(kind) => change({ fluid: { mm: fluid.mm, kind: kind ?? "deepest_pocket" } })} />}
      </div>
    </section>
  );
}

/** Seen, not seen, not looked at: what nobody chose is not assessed, and never normal by itself. */
function Anatomy({ values, change, off }: PartProps): JSX.Element {
  const anatomy = values.anatomy ?? {};
  const choose = (part: string, seen: Seen): void => {
    const { [part]: before, ...others } = anatomy;
    change({ anatomy: before === seen ? others : { ...anatomy, [part]: seen } });
  };
  return (
    <section class="panel" aria-labelledby="anatomy-title">
      <h2 id="anatomy-title">{t("fact.anatomy")}</h2>
      <table class="figures anatomy">
        <thead><tr><td />{SEEN.map((one) => <th key={one} scope="col">{code("seen", one)}</th>)}</tr></thead>
        <tbody>
          {ANATOMY.map((part) => (
            <tr key={part}>
              <th scope="row">{code("anatomy", part)}</th>
              {SEEN.map((one) => (
                <td key={one}><input type="checkbox" disabled={off} checked={anatomy[part] === one} aria-label={`${code("anatomy", part)}: ${code("seen", one)}`} onChange={() => choose(part, one)} /></td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Saved({ facts }: { facts: FactsDraft }): JSX.Element {
  const me = useMe();
  if (facts.state === "conflict" && facts.theirs) {
    return (
      <div class="note warn" role="alert">
        <p><b>{t("fact.conflict", { who: facts.theirs.author_name ?? "", at: dateTime(facts.theirs.at) })}</b></p>
        <Differences mine={facts.values} theirs={facts.theirs.values} />
        <p class="buttons">
          <button type="button" onClick={() => facts.resolve("theirs")}>{t("fact.take_theirs")}</button>
          <button type="button" class="main" onClick={() => facts.resolve("mine")}>{t("fact.keep_mine")}</button>
        </p>
      </div>
    );
  }
  if (facts.state === "failed" || facts.state === "conflict") {
    return <p class="bad" role="alert">{t("fact.not_saved")} {facts.failure !== null && errorText(facts.failure)} <button type="button" onClick={facts.retry}>{t("again")}</button></p>;
  }
  return (
    <p class="muted small" role="status">
      {facts.state === "saved" ? (facts.author ? t("fact.saved_by", { who: facts.author === me.subject ? me.name ?? me.subject : facts.authorName ?? facts.author, at: dateTime(facts.at) }) : t("fact.by_itself")) : t("fact.saving")}
    </p>
  );
}

const plain = (value: unknown): string => (value === null || value === undefined ? "–" : typeof value === "object" ? JSON.stringify(value) : String(value));

/** The answers in which two versions differ, side by side. */
function Differences({ mine, theirs }: { mine: Facts; theirs: Facts }): JSX.Element {
  const names = [...new Set([...Object.keys(mine), ...Object.keys(theirs)])] as (keyof Facts)[];
  const differing = names.filter((name) => plain(mine[name]) !== plain(theirs[name]));
  return (
    <table class="figures">
      <thead><tr><td /><th scope="col">{t("conflict.mine")}</th><th scope="col">{t("fact.theirs")}</th></tr></thead>
      <tbody>{differing.map((name) => <tr key={name}><th scope="row">{code("fact", name)}</th><td>{plain(mine[name])}</td><td>{plain(theirs[name])}</td></tr>)}</tbody>
    </table>
  );
}
