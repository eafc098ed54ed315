// @ts-check
/**
 * Used by the scanner: who is inside, by what this device has seen itself. The same rules as redemption/gates.py,
 * held to the same cases (tests/redemption/vectors/gates.json). The order is that of its log.
 */

export const UNDO_MINUTES = 5;

/** @typedef {{ id: number, out: boolean, again: boolean, persons: number, at: number }} Passage milliseconds since 1970 */
/** @typedef {{ admitted: number, inside: number, latest: Passage | null }} Presence `latest`: of those that led in */

/** What follows from the passages of one voucher on its guests' day, in their order. @param {Passage[]} passages @returns {Presence} */
export function presence(passages) {
  /** @type {Presence} */
  const here = { admitted: 0, inside: 0, latest: null };
  for (const one of passages) {
    if (one.out) {
      here.inside = Math.max(0, here.inside - one.persons);
    } else {
      here.latest = one;
      if (!one.again) here.admitted += one.persons;
      here.inside = Math.min(here.admitted, here.inside + one.persons);
    }
  }
  return here;
}

/** How many went out and may come in again. @param {Presence} here @param {number} uses of the voucher */
export const outside = (here, uses) => Math.max(0, Math.min(here.admitted, uses) - here.inside);

/** The verdict on guests who come in; null: they need a further use. @param {Presence} here @param {number} persons @param {number} uses @param {number} left */
export function entering(here, persons, uses, left) {
  const out = outside(here, uses);
  if (out) return persons <= out ? "let-in-again" : "fewer-outside";
  return here.inside && left <= 0 ? "already-inside" : null;
}
