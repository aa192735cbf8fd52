/** What this phone has for reading. Browsers that say nothing of a thing are taken to have little of it. */

const MOST_THREADS = 4, LITTLE_GB = 2;

/** Whether the browser says that the phone has so little memory that it may end the app in the middle of a reading. */
export const hasLittleMemory = (said: number | undefined = (navigator as Navigator & { deviceMemory?: number }).deviceMemory): boolean =>
  said !== undefined && said <= LITTLE_GB;

/** Whether an error says that there was no memory for something (WebAssembly's and JavaScript's own words for it). */
export const isOutOfMemory = (reason: unknown): boolean => /out of memory|bad_alloc|allocation failed|failed to allocate|could not allocate|memory access/i.test(String(reason));

/** Threads of a model: one core stays free, for llama.cpp's threads wait for each other busily; one where the page may not share memory between threads. */
export const threads = (cores = navigator.hardwareConcurrency || 2, shared = globalThis.crossOriginIsolated): number =>
  (shared && !hasLittleMemory() ? Math.max(1, Math.min(MOST_THREADS, cores - 1)) : 1);

const TRIED = "fada.gpu"; // there while WebGPU is tried: a browser that it ended is not asked again before it is another version

/** Whether WebGPU may be tried: the browser has an adapter and what its runtime needs, there is memory for a second run time,
 * nothing says that data are dear, and it did not end the app the last time. */
export async function mayTryGpu(): Promise<boolean> {
  const { gpu, connection } = navigator as Navigator & { gpu?: { requestAdapter(): Promise<unknown> }; connection?: { saveData?: boolean; type?: string } };
  if (!gpu || !("Suspending" in WebAssembly) || hasLittleMemory() || connection?.saveData || connection?.type === "cellular") return false;
  if (localStorage.getItem(TRIED) === navigator.userAgent) return false;
  return (await gpu.requestAdapter().catch(() => null)) !== null;
}

export const gpuTried = (now: boolean): void => (now ? localStorage.setItem(TRIED, navigator.userAgent) : localStorage.removeItem(TRIED));
