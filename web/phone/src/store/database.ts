/** IndexedDB in promises. Four stores: small facts, cases, sealed pictures, pieces of releases. */

export type Store = "facts" | "cases" | "pictures" | "pieces";

let opened: Promise<IDBDatabase> | null = null;

function open(): Promise<IDBDatabase> {
  opened ??= new Promise((done, fail) => {
    const request = indexedDB.open("fada", 1);
    request.onupgradeneeded = () => {
      request.result.createObjectStore("facts");
      request.result.createObjectStore("cases", { keyPath: "id" });
      request.result.createObjectStore("pictures");
      request.result.createObjectStore("pieces");
    };
    request.onsuccess = () => done(request.result);
    request.onerror = () => fail(request.error);
  });
  return opened;
}

/** One transaction on one store; it is durable when the promise is kept. */
async function run<T>(store: Store, mode: IDBTransactionMode, work: (store: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  const database = await open();
  return new Promise((done, fail) => {
    const transaction = database.transaction(store, mode, { durability: "strict" });
    const request = work(transaction.objectStore(store));
    transaction.oncomplete = () => done(request.result);
    transaction.onerror = transaction.onabort = () => fail(transaction.error ?? request.error);
  });
}

/** The value of `key`; undefined when there is none. */
export const read = <T>(store: Store, key: IDBValidKey): Promise<T | undefined> => run(store, "readonly", (s) => s.get(key) as IDBRequest<T | undefined>);
/** All values of a store. */
export const all = <T>(store: Store): Promise<T[]> => run(store, "readonly", (s) => s.getAll() as IDBRequest<T[]>);
/** All keys of a store. */
export const keys = (store: Store): Promise<IDBValidKey[]> => run(store, "readonly", (s) => s.getAllKeys());
/** Deletes `key`; nothing happens when it is not there. */
export const remove = (store: Store, key: IDBValidKey): Promise<undefined> => run(store, "readwrite", (s) => s.delete(key));

/** Writes `value`, under `key` where the store's values have none of their own. */
export async function write(store: Store, value: unknown, key?: IDBValidKey): Promise<void> {
  await run(store, "readwrite", (s) => (key === undefined ? s.put(value) : s.put(value, key)));
}

/** Read, change, write back, all in one transaction: nothing else comes between. */
export async function change<T>(store: Store, key: IDBValidKey, work: (value: T) => T | null): Promise<T | null> {
  const database = await open();
  return new Promise((done, fail) => {
    const transaction = database.transaction(store, "readwrite", { durability: "strict" });
    const objects = transaction.objectStore(store);
    let next: T | null = null;
    const request = objects.get(key) as IDBRequest<T | undefined>;
    request.onsuccess = () => {
      if (request.result === undefined) return;
      next = work(request.result);
      if (next !== null) objects.put(next, objects.keyPath === null ? key : undefined);
    };
    transaction.oncomplete = () => done(next);
    transaction.onerror = transaction.onabort = () => fail(transaction.error);
  });
}

/** Deletes all that this app keeps on the phone; it is to be loaded anew afterwards. */
export async function eraseAll(): Promise<void> {
  (await open()).close();
  opened = null;
  await new Promise<void>((done, fail) => {
    const request = indexedDB.deleteDatabase("fada");
    request.onsuccess = () => done();
    request.onerror = () => fail(request.error);
    request.onblocked = () => fail(new Error("another window of this app is open"));
  });
}
