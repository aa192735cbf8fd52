import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { StudyRow } from "@fada/shared/api/types";
import { code, t } from "@fada/shared/i18n";
import { withhold } from "@fada/shared/text/fetalSexFilter";
import type { WorklistRows } from "./useWorklist";
import { formatDay, headline, personName, waitingTime } from "../shell/format";

const MORE = 8; // rows drawn beyond the edges
const narrow = matchMedia("(max-width: 760px)");

interface Props {
  rows: WorklistRows;
  chosen: number;
  choose: (index: number) => void;
  open: (row: StudyRow) => void;
}

/** Only the rows on the screen are drawn, however many there are. */
export function List({ rows, chosen, choose, open }: Props): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(600);
  const [tall, setTall] = useState(narrow.matches);
  const size = tall ? 116 : 58;
  const total = rows.total ?? 0;

  useEffect(() => {
    const changed = (): void => setTall(narrow.matches);
    narrow.addEventListener("change", changed);
    const watch = new ResizeObserver(([entry]) => setHeight(entry!.target.clientHeight));
    watch.observe(box.current!);
    return () => {
      narrow.removeEventListener("change", changed);
      watch.disconnect();
    };
  }, []);

  const first = Math.max(0, Math.floor(top / size) - MORE);
  const last = Math.min(total - 1, Math.ceil((top + height) / size) + MORE);
  useEffect(() => { if (total > 0) rows.show(first, Math.max(first, last)); }, [first, last, total]);

  useLayoutEffect(() => {
    const element = box.current!;
    const from = chosen * size;
    if (from < element.scrollTop) element.scrollTop = from;
    else if (from + size > element.scrollTop + element.clientHeight) element.scrollTop = from + size - element.clientHeight;
  }, [chosen, size]);

  const drawn = Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
  return (
    <div class="list" role="grid" aria-label={t("worklist.title")} aria-rowcount={total} tabIndex={0} ref={box}
      aria-activedescendant={total > 0 ? `row-${chosen}` : undefined}
      onScroll={(e) => setTop(e.currentTarget.scrollTop)}>
      <div role="rowgroup" class="list-all" style={{ height: `${total * size}px` }}>
        {drawn.map((index) => (
          <Line key={index} index={index} row={rows.at(index)} size={size} chosen={index === chosen}
            choose={() => choose(index)} open={open} />
        ))}
      </div>
    </div>
  );
}

interface LineProps {
  index: number;
  row: StudyRow | undefined;
  size: number;
  chosen: boolean;
  choose: () => void;
  open: (row: StudyRow) => void;
}

function Line({ index, row, size, chosen, choose, open }: LineProps): JSX.Element {
  const place = { transform: `translateY(${index * size}px)`, height: `${size}px` };
  const shared = { id: `row-${index}`, role: "row" as const, "aria-rowindex": index + 1, "aria-selected": chosen, style: place };
  if (!row) return <div {...shared} class="line empty"><span role="gridcell">…</span></div>;
  const about = withhold(row.description) ?? "";
  return (
    <div {...shared} class={`line ${row.state}${row.urgent ? " urgent" : ""}`} onMouseDown={choose} onClick={() => open(row)}>
      <span role="gridcell" class="line-need">
        {row.urgent && <b class="flag">{t("reason.urgent")}</b>}
        <span>{headline(row)}</span>
        {row.has_new_version && <small class="tag">{t("versions.new")}</small>}
        {row.claim && <small class="tag">{t("claim.by", { who: row.claim.name })}</small>}
      </span>
      <span role="gridcell" class="line-patient">
        <a href={`/study/${row.id}`} data-inside tabIndex={-1}>{personName(row.patient.name) || t("patient.unnamed")}</a>
        <small>{row.patient.id}{row.accession && ` · ${row.accession}`}</small>
      </span>
      <span role="gridcell" class="line-study">
        {formatDay(row.study_date)} <small>{about}</small>
      </span>
      <span role="gridcell" class="line-plane">{row.plane ? code("plane", row.plane) : "–"}</span>
      <span role="gridcell" class="line-age">{row.ga_text ?? "–"}</span>
      <span role="gridcell" class="line-state"><span class={`state ${row.state}`}>{code("state", row.state)}</span></span>
      <span role="gridcell" class="line-wait">{waitingTime(row.waiting_hours)}</span>
    </div>
  );
}
