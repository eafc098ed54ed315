// @ts-check
/** Used by the scanner that works offline: one signed entry of the device's log, as docs/scan-log.md section 2 says. */
import { Tag, encode } from "./cbor.js";
import { joined, sha256 } from "./bytes.js";
import { toBeSigned } from "./tokens.js";

const SCHEMA = 1;
const COSE_SIGN1 = 18;
const ED25519 = -19;
export const KINDS = { scan: 0, undo: 1, close: 2, note: 3 };
export const TIERS = { online: 0, hub: 1, leased: 2, presented: 3, capped: 4 };
export const FLAGS = { idSeen: 1, seenMoving: 2 };
/** Keys of what few events carry. */
export const MORE = { text: 1, direction: 2, valueCents: 3, receipt: 4 };
const MAGIC = Uint8Array.of(0x44, 0x53, 0x43, 0x4c, 0, 0, 0, 1);

/**
 * @typedef {object} Entry
 * @property {number} kind
 * @property {number} deviceMs
 * @property {number} offsetMs
 * @property {number} anchorMs
 * @property {number} listVersion
 * @property {number} tier
 * @property {string} decision
 * @property {Uint8Array | string} code the token, or the typed characters; empty bytes: nothing of ours was read
 * @property {import("./texts.js").Live | null} live
 * @property {Uint8Array} nonce
 * @property {number} flags
 * @property {number} refers
 * @property {number} uses
 * @property {Map<number, string | number>} more
 */
/** @typedef {{ deviceId: bigint, publicKey: Uint8Array, privateKey: CryptoKey }} Signer */
/** @typedef {{ seq: number, head: Uint8Array }} Link */

/** What a device's first event follows. @param {Uint8Array} publicKey @returns {Promise<Link>} */
export const beginning = async (publicKey) => ({ seq: 0, head: await sha256(publicKey) });

/** The payload of an event. @param {Entry} entry @param {bigint} deviceId @param {Link} link */
export function payload(entry, deviceId, link) {
  return encode([
    SCHEMA, deviceId, link.seq + 1, link.head, entry.kind, entry.deviceMs, entry.offsetMs, entry.anchorMs, entry.listVersion, entry.tier,
    entry.decision, entry.code, entry.live ? [entry.live.counter, entry.live.tag] : [], entry.nonce, entry.flags, entry.refers, entry.uses, entry.more,
  ]);
}

/** The event after a link, and the link after it. @param {Entry} entry @param {Link} link @param {Signer} signer @returns {Promise<{ data: Uint8Array<ArrayBuffer>, link: Link }>} */
export async function sign(entry, link, signer) {
  const kid = (await sha256(signer.publicKey)).subarray(0, 8);
  const head = encode(new Map(/** @type {[number, any][]} */ ([[1, ED25519], [4, kid]])));
  const content = payload(entry, signer.deviceId, link);
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", signer.privateKey, /** @type {BufferSource} */ (toBeSigned(head, content))));
  const data = encode(new Tag(COSE_SIGN1, [head, new Map(), content, signature]));
  return { data, link: { seq: link.seq + 1, head: await sha256(data) } };
}

/** A log as a file. @param {Signer} signer @param {Uint8Array[]} events */
export function file(signer, events) {
  const number = new Uint8Array(8);
  new DataView(number.buffer).setBigUint64(0, signer.deviceId);
  const records = events.map((data) => {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, data.length);
    return joined(length, data);
  });
  return joined(MAGIC, number, signer.publicKey, ...records);
}
