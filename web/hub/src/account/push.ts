import { call, get, post } from "../api/client";
import { language } from "@fada/shared/i18n";

const WORKER = "/push-worker.js";

/** Whether this browser can be told anything: a secure address, a service worker, a push service. */
export function canBeTold(): boolean {
  return "serviceWorker" in navigator && "PushManager" in window && "Notification" in window;
}

/** What the site's browsers subscribe to; null where it tells none. */
export async function pushKey(): Promise<string | null> {
  return (await get<{ public_key: string | null }>("/api/me/push")).public_key;
}

/** This browser's subscription; null without one. */
export async function subscription(): Promise<PushSubscription | null> {
  const registration = await navigator.serviceWorker.getRegistration("/");
  return (await registration?.pushManager.getSubscription()) ?? null;
}

/** Asks the person, then the browser's push service, and tells the hub. */
export async function subscribe(key: string): Promise<void> {
  if ((await Notification.requestPermission()) !== "granted") throw new Error("denied");
  await navigator.serviceWorker.register(WORKER);
  const registration = await navigator.serviceWorker.ready;
  const made = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
  const json = made.toJSON();
  await post("/api/me/push", { endpoint: json.endpoint, keys: json.keys, language: language() });
}

/** The hub forgets this browser, and the browser the hub. */
export async function unsubscribe(): Promise<void> {
  const known = await subscription();
  if (!known) return;
  await call("DELETE", "/api/me/push", { endpoint: known.endpoint });
  await known.unsubscribe();
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  const plain = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (letter) => letter.charCodeAt(0));
}
