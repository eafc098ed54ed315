// @ts-check
/**
 * Used by the scanner: what the device keeps. IndexedDB with two stores: `settings` (key, value) and `log`, to which
 * rows are only added; what a row says about a voucher is encrypted with a key that can't leave the browser.
 */

const NAME = "duiscoin-scan";
const KEEP_MS = 30 * 86_400_000;
const SETTLED = new Set(["accepted", "conflict", "refused", "known"]);

/** @typedef {{ seq: number, at: number, iv: Uint8Array<ArrayBuffer>, sealed: ArrayBuffer, acknowledged: number, outcome: string }} Row acknowledged: 0 or when the server had it */
/** @typedef {{ data: Uint8Array, note: any }} Content an event, and what the device itself wants to remember of it */

/** @type {Promise<IDBDatabase> | undefined} */
let opening;

/** @returns {Promise<IDBDatabase>} */
function opened() {
  opening ??= new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore("settings");
      asked.result.createObjectStore("log", { keyPath: "seq" }).createIndex("acknowledged", "acknowledged");
    };
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
  });
  return opening;
}

/** @template T @param {string[]} stores @param {IDBTransactionMode} mode @param {(transaction: IDBTransaction) => IDBRequest<T> | void} work @returns {Promise<T>} */
async function transact(stores, mode, work) {
  const database = await opened();
  return new Promise((resolve, reject) => {
    const transaction = database.transaction(stores, mode, { durability: "strict" });
    const asked = work(transaction);
    transaction.oncomplete = () => resolve(/** @type {T} */ (asked ? asked.result : undefined));
    transaction.onerror = transaction.onabort = () => reject(transaction.error);
  });
}

/** @param {string} key @returns {Promise<any>} */
export const get = (key) => transact(["settings"], "readonly", (work) => work.objectStore("settings").get(key));

/** @param {Record<string, unknown>} values */
export const put = (values) => transact(["settings"], "readwrite", (work) => {
  for (const [key, value] of Object.entries(values)) work.objectStore("settings").put(value, key);
});

/** Begin anew as another device. What the earlier one has written was handed in before. @param {Record<string, unknown>} values */
export const restart = (values) => transact(["log", "settings"], "readwrite", (work) => {
  const settings = work.objectStore("settings");
  work.objectStore("log").clear();
  for (const key of ["enrolling", "trust", "counts", "closed-at"]) settings.delete(key);
  for (const [key, value] of Object.entries(values)) settings.put(value, key);
});

/** Add a row and what changes with it in one step. @param {Row} row @param {Record<string, unknown>} values */
export const append = (row, values) => transact(["log", "settings"], "readwrite", (work) => {
  work.objectStore("log").add(row);
  for (const [key, value] of Object.entries(values)) work.objectStore("settings").put(value, key);
});

/** @param {number} [after] @param {number} [limit] @returns {Promise<Row[]>} */
export const rows = (after = 0, limit = undefined) => transact(["log"], "readonly", (work) => work.objectStore("log").getAll(IDBKeyRange.lowerBound(after, true), limit));

/** Rows that the server does not have yet, in order. @param {number} limit @returns {Promise<Row[]>} */
export const waiting = (limit) => transact(["log"], "readonly", (work) => work.objectStore("log").index("acknowledged").getAll(IDBKeyRange.only(0), limit));

/** @returns {Promise<number>} */
export const waitingCount = () => transact(["log"], "readonly", (work) => work.objectStore("log").index("acknowledged").count(IDBKeyRange.only(0)));

/** Note what the server said of rows. @param {{ seq: number, outcome: string, done: boolean }[]} answers @param {number} now */
export const acknowledge = (answers, now) => transact(["log"], "readwrite", (work) => {
  const log = work.objectStore("log");
  for (const { seq, outcome, done } of answers) {
    const asked = log.get(seq);
    asked.onsuccess = () => asked.result && log.put({ ...asked.result, outcome, acknowledged: done ? now : 0 });
  }
});

/** Forget what the server has had for 30 days. @param {number} now */
export const tidy = (now) => transact(["log"], "readwrite", (work) => {
  const old = IDBKeyRange.bound(1, now - KEEP_MS);
  const cursor = work.objectStore("log").index("acknowledged").openCursor(old);
  cursor.onsuccess = () => {
    const at = cursor.result;
    if (!at) return;
    if (SETTLED.has(at.value.outcome)) at.delete();
    at.continue();
  };
});

/** @returns {Promise<CryptoKey>} */
async function sealingKey() {
  const kept = await get("sealing-key");
  if (kept) return kept;
  const made = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
  await put({ "sealing-key": made });
  return made;
}

/** @param {any} content @returns {Promise<{ iv: Uint8Array<ArrayBuffer>, sealed: ArrayBuffer }>} */
export async function seal(content) {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const text = JSON.stringify(content, (_, value) => (value instanceof Uint8Array ? { bytes: [...value] } : value));
  return { iv, sealed: await crypto.subtle.encrypt({ name: "AES-GCM", iv }, await sealingKey(), new TextEncoder().encode(text)) };
}

/** @param {{ iv: Uint8Array<ArrayBuffer>, sealed: ArrayBuffer }} kept @returns {Promise<any>} */
export async function unseal({ iv, sealed }) {
  const text = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, await sealingKey(), sealed);
  return JSON.parse(new TextDecoder().decode(text), (_, value) => (Array.isArray(value?.bytes) ? Uint8Array.from(value.bytes) : value));
}
