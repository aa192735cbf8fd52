import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { Me, Role } from "@fada/shared/api/types";

const ROLE_LEVEL: Record<Role, number> = { device: 0, reader: 1, sonographer: 2, manager: 3, admin: 4 };

/** Who is signed in; null before that. */
export const Session = createContext<Me | null>(null);

/** Who is signed in; a reader without rights outside a session. */
export const useMe = (): Me => useContext(Session) ?? { subject: "", site: "", role: "reader" };

/** Whether the person who is signed in holds the rights of `role`. */
export const hasRole = (me: Me, role: Role): boolean => ROLE_LEVEL[me.role] >= ROLE_LEVEL[role];

/** What a person has not saved yet lies under such keys in this browser, by their subject. */
export const DRAFTS = "fada.draft.";

/** Signing out leaves nothing unsaved behind for the next person at this machine. */
export function forgetDrafts(): void {
  for (const key of Object.keys(localStorage)) if (key.startsWith(DRAFTS)) localStorage.removeItem(key);
}
