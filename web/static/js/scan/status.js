// @ts-check
/** Used by the scanner that works offline: the status list, kept up to date by its changes, checked by its signed head. */
import { fromBase64, inflated, same, sha256 } from "./bytes.js";
import { statement } from "./tokens.js";

const HEAD_TYPE = "application/vnd.duiscoin.status-head+cwt";
const [VERSION, DIGEST] = [-65538, -65539];

/** @typedef {{ version: number, issuedAt: number, bits: Uint8Array }} StatusList */
/** @typedef {{ version: number, issued_at: string, size: number, since: number | null, invalid: number[], valid: number[], lst: string | null, head: string }} Changes */

/** What is beyond the list was issued later, so it is good. @param {Uint8Array} bits @param {number} place */
export const isInvalid = (bits, place) => place >> 3 < bits.length && Boolean((bits[place >> 3] >> (place & 7)) & 1);

/** The list after changes, or null if it is not what the city signed: then the whole has to be fetched. @param {StatusList | null} older @param {Changes} changes @param {import("./tokens.js").IssuerKey[]} keys @param {number} now @returns {Promise<StatusList | null>} */
export async function applied(older, changes, keys, now) {
  const bits = await changed(older, changes);
  if (!bits) return null;
  const head = await statement(fromBase64(changes.head), HEAD_TYPE, keys, now);
  const [length, digest] = head.get(DIGEST) ?? [];
  if (head.get(VERSION) !== changes.version || length !== bits.length || !(digest instanceof Uint8Array) || !same(digest, await sha256(bits))) return null;
  return { version: changes.version, issuedAt: head.get(6) * 1000, bits };
}

/** @param {StatusList | null} older @param {Changes} changes */
async function changed(older, changes) {
  if (changes.lst !== null) return inflated(fromBase64(changes.lst));
  if (!older || older.version !== changes.since) return null;
  const bits = new Uint8Array(Math.max(older.bits.length, Math.ceil(changes.size / 8)));
  bits.set(older.bits);
  for (const place of changes.invalid) bits[place >> 3] |= 1 << (place & 7);
  for (const place of changes.valid) bits[place >> 3] &= ~(1 << (place & 7));
  return bits;
}
