// @ts-check
/**
 * Used by the scanner that works offline: deterministic CBOR (RFC 8949 section 4.2.1), the part of it that our
 * signed formats use, as redemption/cbor.py. The decoder accepts exactly the bytes that the encoder makes.
 *
 * Values: number (bigint above 2^53), Uint8Array, string, array, Map with numbers as keys, Tag.
 */

const DEPTH_MAX = 6;
const [UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG] = [0, 1, 2, 3, 4, 5, 6];
/** Bytes that follow, and the smallest number that needs them, by the low five bits of an initial byte. */
const WIDTHS = new Map([[24, { width: 1, smallest: 24n }], [25, { width: 2, smallest: 0x100n }], [26, { width: 4, smallest: 0x10000n }], [27, { width: 8, smallest: 0x100000000n }]]);

export class Tag {
  /** @param {number | bigint} number @param {unknown} value */
  constructor(number, value) {
    this.number = number;
    this.value = value;
  }
}

/** Not CBOR, or of a kind that our formats don't use. */
export class Malformed extends Error {}
/** CBOR, but written otherwise than the deterministic encoding demands. */
export class NotDeterministic extends Error {}

/** @param {number} major @param {number | bigint} argument @returns {number[]} */
function head(major, argument) {
  const kind = major << 5;
  const value = BigInt(argument);
  if (value < 24n) return [kind | Number(value)];
  for (const [low, { width }] of WIDTHS) {
    if (value < 1n << BigInt(8 * width)) {
      return [kind | low, ...Array.from({ length: width }, (_, at) => Number((value >> BigInt(8 * (width - 1 - at))) & 255n))];
    }
  }
  throw new RangeError(`${argument} needs more than 64 bits`);
}

/** The one encoding of a value. @param {any} value @returns {Uint8Array<ArrayBuffer>} */
export function encode(value) {
  return Uint8Array.from(written(value));
}

/** @param {any} value @returns {number[]} */
function written(value) {
  if (typeof value === "number" || typeof value === "bigint") {
    return value >= 0 ? head(UNSIGNED, value) : head(NEGATIVE, -1n - BigInt(value));
  }
  if (value instanceof Uint8Array) return [...head(BYTES, value.length), ...value];
  if (typeof value === "string") {
    const text = new TextEncoder().encode(value);
    return [...head(TEXT, text.length), ...text];
  }
  if (Array.isArray(value)) return [...head(ARRAY, value.length), ...value.flatMap(written)];
  if (value instanceof Tag) return [...head(TAG, value.number), ...written(value.value)];
  if (value instanceof Map) {
    const pairs = [...value].map(([key, item]) => ({ key: written(key), item: written(item) }));
    pairs.sort((one, other) => compare(one.key, other.key));
    return [...head(MAP, pairs.length), ...pairs.flatMap(({ key, item }) => [...key, ...item])];
  }
  throw new TypeError("no CBOR of ours");
}

/** The value of which these bytes are the deterministic encoding. @param {Uint8Array} data @returns {any} */
export function decode(data) {
  const reader = new Reader(data);
  const value = reader.item(DEPTH_MAX);
  if (reader.at !== data.length) throw new NotDeterministic("trailing-bytes");
  return value;
}

class Reader {
  /** @param {Uint8Array} data */
  constructor(data) {
    this.data = data;
    this.at = 0;
  }

  /** @param {number} depth @returns {any} */
  item(depth) {
    const first = this.take(1)[0];
    const [major, low] = [first >> 5, first & 31];
    const argument = low < 24 ? low : this.argument(low);
    if (major === UNSIGNED) return argument;
    if (major === BYTES) return this.take(argument).slice();
    if (major === TEXT) return text(this.take(argument));
    if (major === NEGATIVE) return typeof argument === "bigint" ? -1n - argument : -1 - argument;
    if (depth === 0) throw new Malformed("too-deep");
    if (major === ARRAY) return this.array(depth - 1, argument);
    if (major === MAP) return this.map(depth - 1, argument);
    if (major === TAG) return new Tag(argument, this.item(depth - 1));
    throw new Malformed("unused-kind");
  }

  /** @param {number | bigint} count */
  take(count) {
    const end = this.at + Number(count);
    if (end > this.data.length) throw new Malformed("cut-short");
    const taken = this.data.subarray(this.at, end);
    this.at = end;
    return taken;
  }

  /** @param {number} low @returns {number | bigint} */
  argument(low) {
    if (low === 31) throw new NotDeterministic("indefinite-length");
    const kind = WIDTHS.get(low);
    if (!kind) throw new Malformed("reserved-length");
    const value = this.take(kind.width).reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    if (value < kind.smallest) throw new NotDeterministic("number-not-shortest");
    return value <= Number.MAX_SAFE_INTEGER ? Number(value) : value;
  }

  /** @param {number} depth @param {number | bigint} count */
  array(depth, count) {
    const items = [];
    // A claimed length costs nothing: reading ends with the data, long before a large count is reached.
    while (items.length < count) items.push(this.item(depth));
    return items;
  }

  /** @param {number} depth @param {number | bigint} count */
  map(depth, count) {
    const items = new Map();
    /** @type {Uint8Array} */ let previous = new Uint8Array();
    while (items.size < count) {
      const begin = this.at;
      const key = this.item(depth);
      if (typeof key !== "number" && typeof key !== "bigint") throw new Malformed("key-not-a-number");
      const bytes = this.data.subarray(begin, this.at);
      if (compare(bytes, previous) <= 0) throw new NotDeterministic("keys-not-ascending");
      previous = bytes;
      items.set(key, this.item(depth));
    }
    return items;
  }
}

/** @param {Uint8Array} bytes */
function text(bytes) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Malformed("text-not-utf8");
  }
}

/** @param {ArrayLike<number>} one @param {ArrayLike<number>} other */
function compare(one, other) {
  for (let at = 0; at < Math.min(one.length, other.length); at += 1) {
    if (one[at] !== other[at]) return one[at] - other[at];
  }
  return one.length - other.length;
}
