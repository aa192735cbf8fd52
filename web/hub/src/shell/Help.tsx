import type { JSX } from "preact";
import { type Key, t } from "@fada/shared/i18n";
import { Dialog } from "./Dialog";

const GROUPS: { title: Key; keys: [string, Key][] }[] = [
  { title: "help.worklist", keys: [
    ["j / k", "help.move"], ["Enter", "help.open"], ["/", "help.search"], ["u", "help.urgent"], ["r", "help.refresh"],
  ] },
  { title: "help.case", keys: [
    ["o", "help.original"], ["m", "help.overlays"], ["← / →", "help.frames"], ["[ / ]", "help.keyframes"],
    ["e", "help.edit"], ["a", "help.accept"], ["s", "help.sign"], ["n", "help.next"], ["Esc", "help.back"],
    ["+ / − / 0", "help.zoom"],
  ] },
  { title: "help.editor", keys: [
    ["b / x", "help.brush"], ["p / l", "help.shapes"], ["d / c / t", "help.marks"], ["Ctrl+Z / Ctrl+Y", "help.undo"], ["Del", "help.delete"],
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
