// @ts-check
/**
 * Used by the scanner that works offline: what stands in a scanned or typed text, as redemption/codes.py reads it.
 * docs/voucher-format.md has the forms.
 */
import { Malformed, NotDeterministic, decode } from "./cbor.js";
import { fromHex, joined } from "./bytes.js";

const TEXT_LENGTH_MAX = 512;
const APP_PREFIX = "DC1:";
const ADDRESS = /^HTTPS:\/\/[A-Z0-9.-]+(?::[0-9]{1,5})?\/V\//;
const BASE45 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const MANUAL_LENGTH = 10;
const LIVE_BEGINS = 0x83;
const TAG_BYTES = 8;
/** What all packed tokens have in common, around what they don't. */
const [PACKED_BEGIN, PACKED_EXP, PACKED_IAT, PACKED_CTI, PACKED_BODY, PACKED_SIGNATURE] = ["d28449a201320444", "a4041a", "061a", "0748", "3a0001000088", "5840"].map(fromHex);
const SIGNATURE_BYTES = 64;
const PACKED_MIN = 4 + 4 + 4 + 8 + SIGNATURE_BYTES;

/** Why a code is refused; the code is one of docs/voucher-format.md. */
export class Refused extends Error {
  /** @param {string} code */
  constructor(code) {
    super(code);
    this.code = code;
  }
}

/** @typedef {{ counter: number, tag: Uint8Array }} Live */
/** @typedef {{ token: Uint8Array, live: Live | null } | { typed: string }} Parsed */

/** Take a scanned text as it is; forgive a typed one what people do. @param {string} text @returns {Parsed} */
export function parse(text) {
  if (text.startsWith(APP_PREFIX)) {
    const data = fromBase45(withinLimit(text).slice(APP_PREFIX.length));
    return data[0] === LIVE_BEGINS ? live(data) : { token: data, live: null };
  }
  if (text.startsWith("HTTPS://")) {
    const address = ADDRESS.exec(withinLimit(text));
    if (!address) throw new Refused("wrong-prefix");
    const rest = text.slice(address[0].length);
    return { token: rest.startsWith("1") ? unpacked(fromBase32(rest.slice(1))) : fromBase32(rest), live: null };
  }
  return { typed: typed(text) };
}

/** @param {string} text */
function withinLimit(text) {
  if ([...text].length > TEXT_LENGTH_MAX) throw new Refused("too-long");
  return text;
}

/** @param {string} text */
function fromBase45(text) {
  const values = Array.from(text, (one) => BASE45.indexOf(one));
  if (values.includes(-1) || values.length % 3 === 1) throw new Refused("bad-encoding");
  /** @type {number[]} */ const data = [];
  for (let at = 0; at < values.length; at += 3) {
    const three = at + 2 < values.length;
    const value = values[at] + 45 * values[at + 1] + (three ? 2025 * values[at + 2] : 0);
    if (value > (three ? 0xffff : 0xff)) throw new Refused("bad-encoding");
    data.push(...(three ? [value >> 8, value & 255] : [value]));
  }
  return Uint8Array.from(data);
}

/** @param {string} text */
function fromBase32(text) {
  /** @type {number[]} */ const data = [];
  let [bits, count] = [0, 0];
  for (const one of text) {
    const value = BASE32.indexOf(one);
    if (value < 0) throw new Refused("bad-encoding");
    bits = (bits << 5) | value;
    count += 5;
    if (count >= 8) {
      count -= 8;
      data.push(bits >> count);
      bits &= (1 << count) - 1;
    }
  }
  // Neither a character too many nor bits in the one that is filled up.
  if (count >= 5 || bits !== 0) throw new Refused("bad-encoding");
  return Uint8Array.from(data);
}

/** @param {Uint8Array} data */
function unpacked(data) {
  if (data.length < PACKED_MIN) throw new Refused("bad-encoding");
  const [kid, exp, iat, cti] = [data.subarray(0, 4), data.subarray(4, 8), data.subarray(8, 12), data.subarray(12, 20)];
  const [body, signature] = [data.subarray(20, -SIGNATURE_BYTES), data.subarray(-SIGNATURE_BYTES)];
  const payload = joined(PACKED_EXP, exp, PACKED_IAT, iat, PACKED_CTI, cti, PACKED_BODY, body);
  const length = payload.length < 24 ? [0x40 | payload.length] : payload.length < 256 ? [0x58, payload.length] : [0x59, payload.length >> 8, payload.length & 255];
  return joined(PACKED_BEGIN, kid, Uint8Array.of(0xa0, ...length), payload, PACKED_SIGNATURE, signature);
}

/** @param {Uint8Array} data @returns {Parsed} */
function live(data) {
  const made = read(data);
  if (!Array.isArray(made) || made.length !== 3) throw new Refused("bad-encoding");
  const [token, counter, tag] = made;
  if (!(token instanceof Uint8Array) || !Number.isInteger(counter) || counter < 0 || counter > 0xffff) throw new Refused("bad-encoding");
  if (!(tag instanceof Uint8Array) || tag.length !== TAG_BYTES) throw new Refused("bad-encoding");
  return { token, live: { counter, tag } };
}

/** Decode CBOR from anybody, with our refusals. @param {Uint8Array} data @returns {any} */
export function read(data) {
  try {
    return decode(data);
  } catch (error) {
    if (error instanceof NotDeterministic) throw new Refused("not-canonical");
    if (error instanceof Malformed) throw new Refused("bad-encoding");
    throw error;
  }
}

/** @param {string} text */
function typed(text) {
  const code = [...text].slice(0, TEXT_LENGTH_MAX).join("").replace(/\s+/g, "").toUpperCase().replace(/O/g, "0").replace(/[IL]/g, "1").replace(/-/g, "");
  if (Math.abs([...code].length - MANUAL_LENGTH) > 1 || !/^[\p{L}\p{N}]+$/u.test(code)) throw new Refused("wrong-prefix");
  const symbols = Array.from(code, (one) => CROCKFORD.indexOf(one));
  if (symbols.length !== MANUAL_LENGTH || symbols.includes(-1) || check(symbols.slice(0, -1)) !== symbols[9]) throw new Refused("mistyped-code");
  return code;
}

/** @param {number[]} symbols */
function check(symbols) {
  return symbols.reduce((sum, symbol) => {
    const twice = (sum ^ symbol) << 1;
    return twice & 32 ? twice ^ 37 : twice;
  }, 0);
}

/** Whether a text looks like our code after a keyboard of another layout has spoiled it. @param {string} text */
export function isMangled(text) {
  return /^DC1[^:A-Z0-9]/i.test(text) || /^dc1:/.test(text) || /^https?[^:]/i.test(text) && text.length > 60 || /^https:\/\/[^/]+\/v\//.test(text);
}
