import { read, remove, write } from "./database";

/** Wrong PINs are counted, and each beyond the first few makes the next one wait longer. */

interface Tries { wrong: number; at: number }
const FREE = 5, FIRST_MS = 30_000, LONGEST_MS = 3_600_000;

/** Milliseconds to wait after so many wrong PINs: none before `tries`, then 30 s, doubled each time up to an hour. */
export const waitAfter = (wrong: number, tries = FREE): number => (wrong < tries ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (wrong - tries)));

/** Milliseconds until the next PIN is taken. A clock that was set back makes the whole wait begin anew. */
export async function waitLeft(now = Date.now()): Promise<number> {
  const tries = await read<Tries>("facts", "tries");
  if (!tries) return 0;
  const wait = waitAfter(tries.wrong, (await read<{ pin_tries?: number }>("facts", "given"))?.pin_tries);
  if (now < tries.at) await write("facts", { ...tries, at: now }, "tries");
  return Math.max(0, Math.min(now, tries.at) === now ? wait : tries.at + wait - now);
}

/** Counted before a PIN is tried, so that switching the phone off takes none back. */
export async function countTry(now = Date.now()): Promise<void> {
  const tries = await read<Tries>("facts", "tries");
  await write("facts", { wrong: (tries?.wrong ?? 0) + 1, at: now } satisfies Tries, "tries");
}

/** The PIN was right. */
export const forgetTries = (): Promise<undefined> => remove("facts", "tries");
