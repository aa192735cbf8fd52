/// <reference lib="webworker" />
/** Keeps the app on the phone: after the first visit it opens without a network. */
export {};
declare const self: ServiceWorkerGlobalScope;

const SHELL: string[] = __SHELL__;
declare const __SHELL__: string[];
const NAME = `shell-${hash(SHELL.join())}`;

function hash(text: string): string {
  let value = 0;
  for (let i = 0; i < text.length; i++) value = (Math.imul(value, 31) + text.charCodeAt(i)) >>> 0;
  return value.toString(36);
}

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(SHELL.map((path) => new Request(path, { cache: "reload" })))).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    for (const name of await caches.keys()) if (name.startsWith("shell-") && name !== NAME) await caches.delete(name);
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
    if (answer.ok && /gpu\.worker|jspi/.test(url.pathname)) await cache.put(request, answer.clone()); // for the next time, without a network
    return answer;
  })());
});
