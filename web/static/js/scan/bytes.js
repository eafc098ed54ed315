// @ts-check
/** Used by the scanner that works offline: bytes as text and back, digests, and Ed25519 as the browser has it. */

/** @param {Uint8Array} data */
export const toHex = (data) => [...data].map((byte) => byte.toString(16).padStart(2, "0")).join("");

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (two) => Number.parseInt(two, 16));

/** Base64url without padding. @param {Uint8Array} data */
export function toBase64(data) {
  let text = "";
  for (const byte of data) text += String.fromCharCode(byte);
  return btoa(text).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
}

/** @param {string} text @returns {Uint8Array<ArrayBuffer>} */
export const fromBase64 = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (one) => one.charCodeAt(0));

/** @param {...Uint8Array} parts @returns {Uint8Array<ArrayBuffer>} */
export function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** @param {Uint8Array} one @param {Uint8Array} other */
export const same = (one, other) => one.length === other.length && one.every((byte, at) => byte === other[at]);

/** @param {Uint8Array} data @returns {Promise<Uint8Array<ArrayBuffer>>} */
export const sha256 = async (data) => new Uint8Array(await crypto.subtle.digest("SHA-256", /** @type {BufferSource} */ (data)));

/** @param {Uint8Array} key @param {Uint8Array} message @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function hmac(key, message) {
  const usable = await crypto.subtle.importKey("raw", /** @type {BufferSource} */ (key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await crypto.subtle.sign("HMAC", usable, /** @type {BufferSource} */ (message)));
}

/** @type {Map<string, Promise<CryptoKey>>} */
const imported = new Map();
const ORDER = 0x1000000000000000000000000000000014def9dea2f79cd65812631a5cf5d3edn;
const FIELD = (1n << 255n) - 19n;
/** The y coordinates of points of small order, for which a signature says nothing. */
const SMALL = new Set([0n, 1n, FIELD - 1n, 0x7a03ac9277fdc74ec6cc392cfa53202a0f67100d760b3cba4fd83d3d706a17c7n, 0x05fc536d880238b13933c6d305acdfd5f098eff289f4c345b027b2c28f95e826n]);

/** @param {Uint8Array} data */
const littleEndian = (data) => data.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);

/** Whether these 32 bytes are a point as it is written in one way only, and none of small order. @param {Uint8Array} data */
function isProper(data) {
  const y = littleEndian(data) & ((1n << 255n) - 1n);
  return y < FIELD && !SMALL.has(y);
}

/** Strict, whatever the browser does: no malleable signature. @param {Uint8Array} publicKey @param {Uint8Array} signature @param {Uint8Array} message */
export async function verifies(publicKey, signature, message) {
  if (signature.length !== 64 || publicKey.length !== 32) return false;
  if (littleEndian(signature.subarray(32)) >= ORDER || !isProper(publicKey) || !isProper(signature.subarray(0, 32))) return false;
  const name = toHex(publicKey);
  let key = imported.get(name);
  if (!key) imported.set(name, (key = crypto.subtle.importKey("raw", /** @type {BufferSource} */ (publicKey), "Ed25519", false, ["verify"])));
  try {
    return await crypto.subtle.verify("Ed25519", await key, /** @type {BufferSource} */ (signature), /** @type {BufferSource} */ (message));
  } catch {
    return false;
  }
}

/** What zlib made. @param {Uint8Array} data @returns {Promise<Uint8Array<ArrayBuffer>>} */
export async function inflated(data) {
  const stream = new Blob([/** @type {BlobPart} */ (data)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}
