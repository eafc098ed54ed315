// @ts-check
/** Used by the scanner that works offline: whether a code moves, as redemption/live_codes.py judges it. */
import { encode } from "./cbor.js";
import { fromHex, hmac, joined, same, sha256, toHex } from "./bytes.js";

const ROUND = 1 << 16;
const DAY_SECONDS = 86_400;
const GROUP = new TextEncoder().encode("duiscoin live group");

/** @typedef {{ step: number, tolerated: number, searched: number, keys: Map<string, Uint8Array> }} LiveKeys keys by "group/day" */
/** @typedef {{ liveness: "still" | "live" | "clock-off" | "old" | "wrong" | "no-key", seconds: number }} Judgement */

/** The name of a group of venues, whatever their order. @param {number[]} venues */
export async function groupOf(venues) {
  const sorted = [...venues].sort((one, other) => one - other);
  return toHex((await sha256(joined(GROUP, encode(sorted)))).subarray(0, 8));
}

/** @param {Uint8Array} token @param {import("./texts.js").Live | null} shown @param {{ id: string, venues: number[] }} voucher @param {number} now @param {LiveKeys} keys @returns {Promise<Judgement>} */
export async function judge(token, shown, voucher, now, keys) {
  if (!shown) return { liveness: "still", seconds: 0 };
  const step = Math.floor(now / keys.step);
  const off = ((((shown.counter - step + ROUND / 2) % ROUND) + ROUND) % ROUND) - ROUND / 2;
  const seconds = off * keys.step;
  if (Math.abs(off) > keys.searched) return { liveness: "old", seconds };
  const day = Math.floor(((step + off) * keys.step) / DAY_SECONDS);
  const key = keys.keys.get(`${await groupOf(voucher.venues)}/${day}`);
  if (!key) return { liveness: "no-key", seconds };
  const counted = new Uint8Array(4);
  new DataView(counted.buffer).setUint32(0, step + off);
  const tag = (await hmac(await hmac(key, fromHex(voucher.id)), joined(token, counted))).subarray(0, 8);
  if (!same(tag, shown.tag)) return { liveness: "wrong", seconds };
  return { liveness: Math.abs(off) <= keys.tolerated ? "live" : "clock-off", seconds };
}
