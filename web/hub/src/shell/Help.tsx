import type { JSX } from "preact";
import { type Key, t } from "@fada/shared/i18n";
import { Dialog } from "./Dialog";

const GROUPS: { title: Key; keys: [string, Key][] }[] = [
  { title: "help.worklist", keys: [
    ["j / k", "help.move"], ["Enter", "help.open"], ["/", "help.search"], ["u", "help.urgent"], ["r", "help.refresh"],
  ] },
  { title: "help.case", keys: [
    ["n / p", "help.neighbours"], ["↓ / ↑", "help.pictures"], ["→ / ←", "help.frames"], ["] / [", "help.keyframes"], ["Space", "help.play"],
    ["o", "help.original"], ["m", "help.overlays"], ["+ / − / 0", "help.zoom"], ["u", "help.urgent"],
    ["e", "help.edit"], ["Ctrl+Z / Ctrl+Y", "help.undo"], ["a", "help.accept"], ["s", "help.sign"], ["Esc", "help.back"],
  ] },
  { title: "help.editor", keys: [
    ["v", "help.adjust"], ["b / x", "help.brush"], ["p / l", "help.shapes"], ["d / c", "help.marks"], ["Del", "help.delete"],
  ] },
];

/** The keys of every page. */
export function Help({ close }: { close: () => void }): JSX.Element {
  return (
    <Dialog title={t("help.title")} close={close} wide>
      <div class="help">
        {GROUPS.map((group) => (
          <section key={group.title}>
            <h3>{t(group.title)}</h3>
            <dl>{group.keys.map(([key, what]) => <div key={key}><dt><kbd>{key}</kbd></dt><dd>{t(what)}</dd></div>)}</dl>
          </section>
        ))}
      </div>
    </Dialog>
  );
}
