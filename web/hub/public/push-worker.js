/** Shows what the hub tells this browser: a title, a sentence, a link. It keeps and serves nothing. */
self.addEventListener("push", (event) => {
  const told = event.data ? event.data.json() : {};
  event.waitUntil(self.registration.showNotification(String(told.title || "FADA"), {
    body: String(told.body || ""),
    tag: String(told.tag || "fada"),
    icon: "/icon.svg",
    data: { url: String(told.url || "/") },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const wanted = new URL(event.notification.data.url, self.location.origin);
  // A link of another origin is not the hub's: its worklist then.
  const url = wanted.origin === self.location.origin ? wanted.href : new URL("/", self.location.origin).href;
  event.waitUntil(self.clients.openWindow(url));
});
