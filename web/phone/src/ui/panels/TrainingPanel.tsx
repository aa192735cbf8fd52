import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { t } from "@fada/shared/i18n";
import type { CaseStore } from "../../store/cases";
import { identify } from "../../reading/imageFile";
import { ATTRIBUTION, SAMPLES, type Sample, filesOf } from "../../training/samples";

interface Props { store: CaseStore; opened: (id: string) => void; say: (reason: unknown) => void; changed: () => Promise<void> }

/** Sample cases that are read as any other and never leave this phone. */
export function TrainingPanel({ store, opened, say, changed }: Props): JSX.Element {
  const [busy, setBusy] = useState(false);
  const take = async (sample: Sample): Promise<void> => {
    setBusy(true);
    try {
      const taken = [];
      for (const file of await filesOf(sample)) taken.push({ file, ...(await identify(file)) });
      const made = await store.capture(taken, { urgent: false, training: true });
      await changed();
      opened(made.id);
    } catch (reason) {
      say(reason);
    }
    setBusy(false);
  };
  return (
    <details class="panel training">
      <summary>{t("training.title")}</summary>
      <p>{t("training.hint")}</p>
      <p class="buttons">{SAMPLES.map((sample) => <button key={sample.name} type="button" disabled={busy} onClick={() => void take(sample)}>{t(`training.${sample.name}`)}</button>)}</p>
      <p class="muted small">{t("training.source")} {ATTRIBUTION}</p>
    </details>
  );
}
