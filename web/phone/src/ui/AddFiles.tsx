import type { JSX } from "preact";
import { useRef } from "preact/hooks";
import { t } from "@fada/shared/i18n";

interface Props { big?: boolean; take: (files: File[]) => void }

/** Two ways to a file, open at any time: camera, pictures and clips; DICOM files, which phones do not know by their kind. */
export function AddFiles({ big, take }: Props): JSX.Element {
  const picture = useRef<HTMLInputElement>(null), dicom = useRef<HTMLInputElement>(null);
  const chosen = (input: HTMLInputElement): void => {
    const files = [...(input.files ?? [])];
    input.value = "";
    if (files.length > 0) take(files);
  };
  const words = big ? [t("phone.take"), t("phone.take_dicom")] as const : [t("phone.add"), t("phone.add_dicom")] as const;
  return (
    <div class={big ? "take-files" : "take-files small"}>
      <input ref={picture} class="hidden" type="file" accept="image/png,image/jpeg,video/mp4,video/quicktime" multiple aria-label={words[0]} onChange={(e) => chosen(e.currentTarget)} />
      <input ref={dicom} class="hidden" type="file" multiple aria-label={words[1]} onChange={(e) => chosen(e.currentTarget)} />
      <button type="button" class={big ? "main big" : ""} onClick={() => picture.current?.click()}>{words[0]}</button>
      <button type="button" onClick={() => dicom.current?.click()}>{words[1]}</button>
    </div>
  );
}
