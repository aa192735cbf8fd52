import { DRAFTS } from "../shell/session";
import { type Draft, newId } from "./draft";

/** Unsaved changes, kept in this browser until they are saved, discarded, or the person signs out. No name of a patient is in them. */
interface Kept { version: number; draft: Draft }

const keyOf = (subject: string, study: string): string => `${DRAFTS}${subject}.${study}`;

/** Keeps a person's draft of a study, based on a version; null forgets it. */
export function keepDraft(subject: string, study: string, version: number, draft: Draft | null): void {
  const key = keyOf(subject, study);
  if (draft === null) return localStorage.removeItem(key);
  // A painted mask goes as its outline: a raster of a whole frame would fill the browser's storage.
  const frames = Object.fromEntries(Object.entries(draft.frames).map(([name, frame]) =>
    [name, { ...frame, marks: frame.marks.map((mark) => ({ ...mark, raster: null })) }]));
  try {
    localStorage.setItem(key, JSON.stringify({ version, draft: { ...draft, frames } } satisfies Kept));
  } catch { /* the storage is full: the page itself still holds the draft, and leaving asks */ }
}

/** The draft that a person left of a study, and the version that it is based on. */
export function keptDraft(subject: string, study: string): Kept | null {
  try {
    const kept = JSON.parse(localStorage.getItem(keyOf(subject, study)) ?? "null") as Kept | null;
    // Ids are unique on a page: those of the page before may come again.
    for (const frame of Object.values(kept?.draft.frames ?? {})) frame.marks = frame.marks.map((mark) => ({ ...mark, id: newId() }));
    return kept;
  } catch {
    return null;
  }
}
