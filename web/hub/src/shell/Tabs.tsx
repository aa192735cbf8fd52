import type { ComponentChildren, JSX } from "preact";
import { useId, useRef } from "preact/hooks";

export interface Tab { id: string; title: string; mark?: boolean; content: () => ComponentChildren }

interface Props { label: string; tabs: readonly Tab[]; chosen: string; choose: (id: string) => void }

/** Parts of a page of which one is shown; the arrow keys go from one to the next. */
export function Tabs({ label, tabs, chosen, choose }: Props): JSX.Element {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  const here = tabs.find((tab) => tab.id === chosen) ?? tabs[0]!;
  const keys = (event: KeyboardEvent): void => {
    const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
    if (by === 0) return;
    event.preventDefault();
    event.stopPropagation();
    const next = tabs[(tabs.indexOf(here) + by + tabs.length) % tabs.length]!;
    choose(next.id);
    list.current?.querySelector<HTMLElement>(`#${CSS.escape(`${id}-${next.id}`)}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={keys}>
        {tabs.map((tab) => (
          <button key={tab.id} type="button" role="tab" id={`${id}-${tab.id}`} aria-selected={tab === here} aria-controls={`${id}-panel`}
            tabIndex={tab === here ? 0 : -1} onClick={() => choose(tab.id)}>{tab.title}{tab.mark && <span class="dot" aria-hidden="true" />}</button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${here.id}`} key={here.id}>{here.content()}</div>
    </>
  );
}
