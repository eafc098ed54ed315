// @ts-check
/**
 * Used by the page for checking (`check.js`): the six digits for a use, as docs/presented.md says (RFC 4226 and
 * RFC 6238 with HMAC-SHA-256 and steps of a minute), and what a card says. No page, no network.
 */
export const STEP_SECONDS = 60;
const CODE = new TextEncoder().encode("duiscoin presented code");

/**
 * What stands behind `#` in a card's address; null if it is none.
 * @param {string} text @returns {{ version: number, begins: number, key: Uint8Array<ArrayBuffer> } | null}
 */
export function readCard(text) {
  const found = /^(\d{1,9})\.(\d{1,12})\.([A-Za-z0-9_-]{27})$/.exec(text);
  if (!found) return null;
  const plain = atob(`${found[3].replaceAll("-", "+").replaceAll("_", "/")}=`);
  return { version: Number(found[1]), begins: Number(found[2]), key: Uint8Array.from(plain, (one) => one.charCodeAt(0)) };
}

/**
 * The digits for a use, its price in cents and a moment.
 * @param {Uint8Array<ArrayBuffer>} secret @param {number} number @param {number} cents @param {number} unix
 */
export async function codeAt(secret, number, cents, unix) {
  const key = await crypto.subtle.importKey("raw", secret, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const message = new Uint8Array(CODE.length + 18);
  message.set(CODE);
  const view = new DataView(message.buffer);
  view.setUint16(CODE.length, number);
  view.setBigUint64(CODE.length + 2, BigInt(cents));
  view.setBigUint64(CODE.length + 10, BigInt(Math.floor(unix / STEP_SECONDS)));
  const mac = new Uint8Array(await crypto.subtle.sign("HMAC", key, message));
  const offset = mac[mac.length - 1] & 0x0f;
  const cut = new DataView(mac.buffer).getUint32(offset) & 0x7fff_ffff;
  return String(cut % 1_000_000).padStart(6, "0");
}

/** Cents of a typed price: "4", "4,5", "4.50"; null if it is none. @param {string} text */
export function centsOf(text) {
  const found = /^(\d{1,4})(?:[.,](\d{1,2}))?$/.exec(text.trim().replace(/\s*€$/, ""));
  return found ? Number(found[1]) * 100 + Number((found[2] ?? "").padEnd(2, "0")) : null;
}
