// @ts-check
/**
 * Used by the scanner that works offline: verifies a voucher's token as docs/voucher-format.md section 3 says and
 * redemption/tokens.py does: the first refusal that applies is given, nothing is used before the signature is right.
 */
import { Tag, encode } from "./cbor.js";
import { fromHex, joined, toHex, verifies } from "./bytes.js";
import { Refused, read } from "./texts.js";

export const SKEW_SECONDS = 60;
export const FLAGS = { paper: 1, live: 2, lease: 4, idCheck: 8, onlineOnly: 16 };
const TOKEN_BYTES_MAX = 200;
const COSE_SIGN1 = 18;
const [ALG, KID, TYPE] = [1, 4, 16];
const ED25519 = -19;
const [EXP, IAT, CTI, BODY] = [4, 6, 7, -65537];
const NUMBER_MAX = 2 ** 32 - 1;
const EMPTY = new Uint8Array();

/** @typedef {{ kid: string, publicKey: Uint8Array, status: string, notBefore?: number, notAfter?: number }} IssuerKey */
/** @typedef {{ id: string, issuedAt: number, expiresAt: number, kind: number, product: number, venues: number[], uses: number, value: number, flags: number, status: number, device: Uint8Array | null }} Claims */

/** @param {{ kid: string, public_key: string, status: string, not_before?: number, not_after?: number }} told @param {(text: string) => Uint8Array} bytes @returns {IssuerKey} */
export const issuerKey = (told, bytes = fromHex) => ({ kid: told.kid, publicKey: bytes(told.public_key), status: told.status, notBefore: told.not_before, notAfter: told.not_after });

/** Good now and, where given, at a venue. @param {Uint8Array} token @param {IssuerKey[]} keys @param {number} now @param {number} [venue] @param {number} [skew] */
export async function verify(token, keys, now, venue, skew = SKEW_SECONDS) {
  const claims = await genuine(token, keys, now, skew);
  check(claims, now, venue, skew);
  return claims;
}

/** What a genuine token says, whether or not it is good here and now. @param {Uint8Array} token @param {IssuerKey[]} keys @param {number} now @param {number} [skew] @returns {Promise<Claims>} */
export async function genuine(token, keys, now, skew = SKEW_SECONDS) {
  if (token.length > TOKEN_BYTES_MAX) throw new Refused("too-long");
  const { header, protectedBytes, payload, signature } = envelope(token);
  const content = read(payload);
  if ([...header.keys()].some((label) => label !== ALG && label !== KID)) throw new Refused("bad-encoding");
  const key = believed(header, keys, now, skew);
  if (!(await verifies(key.publicKey, signature, toBeSigned(protectedBytes, payload)))) throw new Refused("bad-signature");
  return claimsOf(content);
}

/** @param {Claims} claims @param {number} now @param {number} [venue] @param {number} [skew] */
export function check(claims, now, venue, skew = SKEW_SECONDS) {
  if (now + skew < claims.issuedAt) throw new Refused("not-yet-valid");
  if (now - skew >= claims.expiresAt) throw new Refused("expired");
  if (venue !== undefined && !claims.venues.includes(venue)) throw new Refused("other-venue");
}

/** The claims of a CWT of another kind, named by its media type, that the city signed. @param {Uint8Array} cwt @param {string} kind @param {IssuerKey[]} keys @param {number} now @returns {Promise<Map<number, any>>} */
export async function statement(cwt, kind, keys, now) {
  const { header, protectedBytes, payload, signature } = envelope(cwt);
  if (header.get(TYPE) !== kind) throw new Refused("bad-encoding");
  const key = believed(header, keys, now, SKEW_SECONDS);
  if (!(await verifies(key.publicKey, signature, toBeSigned(protectedBytes, payload)))) throw new Refused("bad-signature");
  return read(payload);
}

/** @param {Uint8Array} message */
function envelope(message) {
  const decoded = read(message);
  const parts = decoded instanceof Tag && decoded.number === COSE_SIGN1 ? decoded.value : null;
  if (!Array.isArray(parts) || parts.length !== 4) throw new Refused("bad-encoding");
  const [protectedBytes, unprotected, payload, signature] = parts;
  if (!(protectedBytes instanceof Uint8Array) || !(unprotected instanceof Map) || !(payload instanceof Uint8Array) || !(signature instanceof Uint8Array)) throw new Refused("bad-encoding");
  if (unprotected.size > 0) throw new Refused("not-canonical");
  if (signature.length !== 64) throw new Refused("bad-encoding");
  const header = read(protectedBytes);
  if (!(header instanceof Map)) {
    read(payload);
    throw new Refused("bad-encoding");
  }
  return { header, protectedBytes, payload, signature };
}

/** @param {Map<number, any>} header @param {IssuerKey[]} keys @param {number} now @param {number} skew */
function believed(header, keys, now, skew) {
  if (header.get(ALG) !== ED25519) throw new Refused("unsupported-algorithm");
  const kid = header.get(KID);
  if (!(kid instanceof Uint8Array) || kid.length !== 4) throw new Refused("unknown-key");
  const key = keys.find((one) => one.kid === toHex(kid));
  if (!key || (key.notBefore ?? -Infinity) > now + skew || (key.notAfter ?? Infinity) <= now - skew) throw new Refused("unknown-key");
  if (key.status === "blocked") throw new Refused("blocked-key");
  return key;
}

/** @param {Uint8Array} protectedBytes @param {Uint8Array} payload */
export function toBeSigned(protectedBytes, payload) {
  return joined(Uint8Array.of(0x84), encode("Signature1"), encode(protectedBytes), encode(EMPTY), encode(payload));
}

/** @param {any} content @returns {Claims} */
function claimsOf(content) {
  const malformed = new Refused("malformed-claims");
  if (!(content instanceof Map) || content.size !== 4 || ![EXP, IAT, CTI, BODY].every((label) => content.has(label))) throw malformed;
  const [exp, iat, cti, body] = [EXP, IAT, CTI, BODY].map((label) => content.get(label));
  if (!Array.isArray(body) || !isInteger(body[0])) throw malformed;
  if (body[0] !== 1) throw new Refused("unsupported-schema");
  const [, kind, product, venues, uses, value, flags, status, device = null] = body;
  const leased = device !== null;
  if (body.length !== (leased ? 9 : 8) || !(cti instanceof Uint8Array) || cti.length !== 8 || !Array.isArray(venues)) throw malformed;
  if (![exp, iat, kind, product, ...venues, uses, value, flags, status].every((number) => isInteger(number) && number >= 0 && number <= NUMBER_MAX)) throw malformed;
  if (iat >= exp || venues.length > 12 || kind < 1 || kind > 7 || flags > 31 || uses < 1 || uses > 65_535) throw malformed;
  if (leased && !((flags & FLAGS.lease) && device instanceof Uint8Array)) throw malformed;
  return { id: toHex(cti), issuedAt: iat, expiresAt: exp, kind, product, venues, uses, value, flags, status, device };
}

/** @param {unknown} value */
const isInteger = (value) => Number.isInteger(value) || typeof value === "bigint";
