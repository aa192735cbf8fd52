/** What this phone has for reading. Browsers that say nothing of a thing are taken to have little of it. */

const MOST_THREADS = 4, LITTLE_GB = 2;

/** Whether the browser says that the phone has so little memory that it may end the app in the middle of a reading. */
export const hasLittleMemory = (said: number | undefined = (navigator as Navigator & { deviceMemory?: number }).deviceMemory): boolean =>
  said !== undefined && said <= LITTLE_GB;

/** Threads of the text model: one core stays free, for llama.cpp's threads wait for each other busily; one where the page may not share memory between threads. */
export const threads = (cores = navigator.hardwareConcurrency || 2, shared = globalThis.crossOriginIsolated): number =>
  (shared && !hasLittleMemory() ? Math.max(1, Math.min(MOST_THREADS, cores - 1)) : 1);
