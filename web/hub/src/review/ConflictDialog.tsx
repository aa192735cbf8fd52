import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { get } from "../api/client";
import type { Result, Study } from "@fada/shared/api/types";
import { measurementInterval, measurementValue } from "@fada/shared/case/Measurements";
import { bestFrame, framesOf, frameUrl } from "../study/frames";
import { code, t } from "@fada/shared/i18n";
import { Dialog } from "../shell/Dialog";
import { colour } from "@fada/shared/viewer/colours";
import { Viewer } from "@fada/shared/viewer/Viewer";
import { weeksAndDays } from "@fada/shared/measurement/biometry";
import { withhold } from "@fada/shared/text/fetalSexFilter";
import { dateTime } from "../shell/format";

/** `blind`: the second was read without sight of the first, and they are only compared. */
interface Props { study: Study; mine: number; other: number; blind: boolean; choose: (version: number) => void; close: () => void }

/** Two people changed the same result: both versions are kept, and here they stand side by side. */
export function ConflictDialog({ study, mine, other, blind, choose, close }: Props): JSX.Element {
  const [pair, setPair] = useState<Result[]>([]);
  useEffect(() => {
    const versions = [...new Set([other, mine])];
    void Promise.all(versions.map((v) => get<Result>(`/api/studies/${study.id}/results/${v}`))).then(setPair, () => undefined);
  }, [mine, other]);
  return (
    <Dialog title={t(blind ? "blind.compare" : "conflict.title")} close={close} wide>
      <p>{t(blind ? "blind.compare_text" : "conflict.text")}</p>
      <div class="pair">{pair.map((result) => <Side key={result.version} study={study} result={result} mine={result.version === mine} choose={choose} />)}</div>
    </Dialog>
  );
}

function Side({ study, result, mine, choose }: { study: Study; result: Result; mine: boolean; choose: (version: number) => void }): JSX.Element {
  const frames = framesOf(study, result.report);
  const frame = frames[bestFrame(frames)];
  const reading = frame?.reading;
  return (
    <section class="panel">
      <h3>{t("versions.one", { n: result.version })}: {mine ? t("conflict.mine") : (result.reviewed_by ?? result.author_name ?? result.author)}</h3>
      <p class="muted small">{dateTime(result.created_at)} · {t("versions.from", { n: result.based_on ?? 0 })}</p>
      {frame && (
        <Viewer src={frameUrl(study, frame)} alt={t("versions.one", { n: result.version })} width={frame.width} height={frame.height}
          shapes={(reading?.structures ?? []).map((s, i) => ({ id: s.label, title: code("structure", s.label), colour: colour(i), polygon: s.polygon, box: s.box }))}
          lines={[]} opacity={0.2} original={false} brightness={1} contrast={1} label={result.reviewed_by ? t("label.reviewed", { who: result.reviewed_by }) : t("label.unreviewed")}
          words={{ larger: t("zoom.larger"), smaller: t("zoom.smaller"), whole: t("zoom.whole"), failed: t("frame.failed") }} />
      )}
      <table class="figures"><tbody>
        {(reading?.measurements ?? []).map((m) => <tr key={m.name}><th scope="row">{m.name}</th><td class="value">{measurementValue(m)}</td><td>{measurementInterval(m)}</td></tr>)}
        {(reading?.datings ?? []).map((d) => <tr key={d.equation}><th scope="row">{d.equation}</th><td class="value">{d.text}</td><td /></tr>)}
        {(reading?.centiles ?? []).map((c) => <tr key={c.chart}><th scope="row">{c.chart}</th><td class="value">{t("centile.value", { n: c.centile.toFixed(0) })}</td><td>{weeksAndDays(c.at_days)}</td></tr>)}
      </tbody></table>
      {result.report.comment && <p>{withhold(result.report.comment) ?? t("withheld")}</p>}
      <button type="button" class="main" onClick={() => choose(result.version)}>{t("conflict.go_on", { n: result.version })}</button>
    </section>
  );
}
