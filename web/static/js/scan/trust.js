// @ts-check
/** Used by the scanner: what it needs to decide without a network: keys, status list, live keys, policy. */
import { fromBase64 } from "./bytes.js";
import * as enrolling from "./enrolling.js";
import * as policy from "./policy.js";
import * as status from "./status.js";
import * as store from "./store.js";

/** @typedef {{ titles: Record<string, string>, undoMinutes: number, reentry: boolean, ends: number | null, inParts: boolean }} Offer `ends`: of the event */
/**
 * @typedef {object} Trust
 * @property {import("./tokens.js").IssuerKey[]} keys
 * @property {status.StatusList | null} list
 * @property {import("./live.js").LiveKeys} live
 * @property {policy.Policy} policy
 * @property {Map<number, Offer>} offers by number
 * @property {boolean} receipts whether the contract wants the number of the till's receipt
 */

/** @type {Trust} */
export const NONE = { keys: [], list: null, live: { step: 15, tolerated: 2, searched: 40, keys: new Map() }, policy: policy.LEASES_ONLY, offers: new Map(), receipts: false };

/** Ask for what has changed. @param {import("./server.js").Server} server @param {Trust} older @returns {Promise<{ trust: Trust, device: any }>} */
export async function refresh(server, older) {
  let told = await ask(server, older.list?.version);
  let made = await read(told, older, server.clock.now());
  if (told.status_list && !made.list) {
    // The changes do not give what the city signed: take the whole list.
    told = await ask(server);
    made = await read(told, NONE, server.clock.now());
  }
  await store.put({ trust: await store.seal(plain(made)), clock: { anchor: server.clock.anchor, offset: server.clock.offset } });
  return { trust: made, device: told.device };
}

/** @param {import("./server.js").Server} server @param {number} [since] */
const ask = (server, since) => server.get(`/api/v1/venue/trust${since === undefined ? "" : `?status_since=${since}`}`);

/** @param {any} told @param {Trust} older @param {number} now @returns {Promise<Trust>} */
async function read(told, older, now) {
  const keys = told.issuer_keys.map((/** @type {any} */ one) => ({ kid: one.kid, publicKey: fromBase64(one.public_key), status: one.status }));
  const list = told.status_list ? await status.applied(older.list, told.status_list, keys, Math.floor(now / 1000)) : null;
  const days = new Map(told.live_keys.map((/** @type {any} */ one) => [`${one.group}/${one.day}`, fromBase64(one.key)]));
  const offers = new Map((told.offers ?? []).map((/** @type {any} */ one) => [one.product, offer(one)]));
  const live = { step: told.step_seconds, tolerated: told.tolerated_steps, searched: told.searched_steps, keys: days };
  return { keys, list, live, policy: policy.read(told.offline_policy), offers, receipts: Boolean(told.receipt_numbers) };
}

/** @param {any} told @returns {Offer} */
const offer = (told) => ({ titles: told.titles, undoMinutes: told.undo_minutes, reentry: told.reentry === "same-day", ends: told.event_ends_at ? Date.parse(told.event_ends_at) : null, inParts: Boolean(told.in_parts) });

/** @param {Trust} trust */
const plain = (trust) => ({ ...trust, live: { ...trust.live, keys: [...trust.live.keys] }, offers: [...trust.offers] });

/** What was kept at an earlier start. @returns {Promise<Trust>} */
export async function kept() {
  const sealed = await store.get("trust");
  if (!sealed) return NONE;
  const found = await store.unseal(sealed);
  return { ...found, live: { ...found.live, keys: new Map(found.live.keys) }, offers: new Map(found.offers) };
}

export const deviceIn = enrolling.read;
