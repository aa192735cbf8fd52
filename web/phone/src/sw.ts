/// <reference lib="webworker" />
/** Keeps the app on the phone: after the first visit it opens without a network. */
export {};
declare const self: ServiceWorkerGlobalScope;

const SHELL: string[] = __SHELL__;
declare const __SHELL__: string[];
const LATER: string[] = __LATER__; // what a phone fetches when it first uses it, if ever
declare const __LATER__: string[];
const NAME = `shell-${hash([...SHELL, ...LATER].join())}`;

function hash(text: string): string {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
  return value.toString(36);
}

const LITTLE_GB = 2; // as the app has it (reading/device.ts): such a phone runs no text model
const isLittle = ((navigator as Navigator & { deviceMemory?: number }).deviceMemory ?? LITTLE_GB + 1) <= LITTLE_GB;
const isNamedByContent = (url: string): boolean => new URL(url, self.location.href).pathname.includes("/assets/");
const older = async (): Promise<string[]> => (await caches.keys()).filter((name) => name.startsWith("shell-") && name !== NAME);

/** What an app before this one kept: a file that is named by its content is the same under that name. */
async function known(path: string): Promise<Response | undefined> {
  if (!isNamedByContent(path)) return undefined;
  for (const name of await older()) {
    const answer = await (await caches.open(name)).match(path, { ignoreVary: true });
    if (answer) return answer;
  }
  return undefined;
}

async function keep(cache: Cache, path: string): Promise<void> {
  const answer = (await known(path)) ?? (await fetch(new Request(path, isNamedByContent(path) ? {} : { cache: "reload" })));
  if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
  await cache.put(path, answer);
}

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    await Promise.all(SHELL.filter((path) => !isLittle || !/wllama/.test(path)).map((path) => keep(cache, path)));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(NAME);
    for (const path of LATER) {
      const answer = await known(path);
      if (answer) await cache.put(path, answer);
    }
    for (const name of await older()) await caches.delete(name);
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== self.location.origin || !url.pathname.startsWith("/field/")) return;
  event.respondWith((async () => {
    const cache = await caches.open(NAME);
    // A hub that answers other origins, too, says "Vary: Origin": modules are asked for with one, what lies here was without.
    const cached = await cache.match(request.mode === "navigate" ? "./" : request, { ignoreSearch: true, ignoreVary: true });
    if (cached) return cached;
    const answer = await fetch(request);
    if (answer.status === 200 && isNamedByContent(request.url)) await cache.put(request, answer.clone()); // for the next time, without a network
    return answer;
  })());
});
