// @ts-check
/**
 * Used by the scanner: what a device may let in without a network, by the city's policy for its venue. The same rules
 * as redemption/offline_policy.py, held to the same cases (tests/redemption/vectors/offline_policy.json).
 */
import { FLAGS } from "./tokens.js";

/** Of a test voucher; no offer has it. */
export const TEST_PRODUCT = 0;

/**
 * @typedef {object} Policy
 * @property {boolean} capped whether anything that is not leased may be let in
 * @property {number} valueMax cents of what one scan takes
 * @property {number} dayMax cents of this device in a day
 * @property {number} listAgeMax seconds
 * @property {boolean} singleVenue only vouchers that no other venue takes
 * @property {"none" | "live" | "id" | "live-or-id"} proof what has to be seen besides the code
 */
/**
 * @typedef {object} Facts
 * @property {number} product
 * @property {number} flags
 * @property {number} venues how many venues take it
 * @property {number} uses
 * @property {number} valueCents of all uses together
 * @property {number} taken how many uses this scan takes
 * @property {boolean} mine leased to this device
 * @property {string} liveness
 * @property {boolean} movingSeen
 * @property {boolean} idSeen
 * @property {number | null} listAge seconds
 * @property {number} spentCents by this device today without a network
 */
/** @typedef {{ code: string, ground: "leased" | "capped" | null }} Decided */

/** @type {Policy} */
export const LEASES_ONLY = { capped: false, valueMax: 0, dayMax: 0, listAgeMax: 0, singleVenue: true, proof: "live-or-id" };
const BY_LIVENESS = /** @type {Record<string, string>} */ ({ wrong: "live-code-wrong", old: "live-code-old", "clock-off": "phone-clock-off" });

/** What is possible without a network, as long as nothing is scanned. @param {Policy} policy @param {number | null} listAge @param {boolean} active @returns {"capped" | "leased" | "refused"} */
export function standing(policy, listAge, active) {
  if (!active) return "refused";
  return policy.capped && listAge !== null && listAge <= policy.listAgeMax ? "capped" : "leased";
}

/** What a scan is worth: its share of the voucher's value, rounded up. @param {Pick<Facts, "valueCents" | "taken" | "uses">} facts */
export const cents = ({ valueCents, taken, uses }) => Math.ceil((valueCents * taken) / uses);

/** What a device does with a good voucher as long as it can't ask the server. @param {Policy} policy @param {Facts} facts @returns {Decided} */
export function decide(policy, facts) {
  const ground = facts.flags & FLAGS.lease ? "leased" : "capped";
  const refused = refusals(policy, facts, ground).next().value;
  return refused ? { code: refused, ground: null } : { code: "accepted", ground };
}

/** What speaks against letting somebody in, the first reason first. @param {Policy} policy @param {Facts} facts @param {"leased" | "capped"} ground @returns {Generator<string>} */
function* refusals(policy, facts, ground) {
  if (facts.product === TEST_PRODUCT) yield "test-passed";
  if (facts.flags & FLAGS.onlineOnly) yield "offline-not-allowed";
  if (ground === "capped") yield* beyond(policy, facts);
  else if (!facts.mine) yield "offline-leased-elsewhere";
  const moves = isMoving(facts);
  const still = moving(facts);
  if (still) yield still;
  // Nobody else takes what is leased, so it needs no further proof.
  const proven = { none: true, live: moves, id: facts.idSeen, "live-or-id": moves || facts.idSeen }[policy.proof];
  if (ground === "capped" && !proven) yield policy.proof === "live" ? "live-code-needed" : "offline-id-needed";
}

/** @typedef {Pick<Facts, "flags" | "liveness" | "movingSeen" | "idSeen">} Seen */

/** @param {Seen} facts */
const isMoving = (facts) => facts.liveness === "live" || (facts.liveness === "clock-off" && facts.movingSeen);

/** What speaks against a code that should move; null: nothing. @param {Seen} facts @returns {string | null} */
export function moving(facts) {
  const needsLive = Boolean(facts.flags & FLAGS.live);
  // A clock that is off says nothing against a guest whose card was looked at.
  const forgiven = facts.liveness === "clock-off" && facts.idSeen && !needsLive;
  if (BY_LIVENESS[facts.liveness] && !isMoving(facts) && !forgiven) return BY_LIVENESS[facts.liveness];
  return needsLive && !isMoving(facts) ? "live-code-needed" : null;
}

/** Which limits of the policy are passed. @param {Policy} policy @param {Facts} facts @returns {Generator<string>} */
function* beyond(policy, facts) {
  if (!policy.capped) yield "offline-not-allowed";
  if (facts.listAge === null || facts.listAge > policy.listAgeMax) yield "offline-list-old";
  if (policy.singleVenue && facts.venues > 1) yield "offline-venues";
  if (cents(facts) > policy.valueMax) yield "offline-value";
  if (facts.spentCents + cents(facts) > policy.dayMax) yield "offline-budget";
}

/** A policy as the server tells it; without one only what is leased. @param {any} told @returns {Policy} */
export function read(told) {
  if (!told) return LEASES_ONLY;
  return { capped: told.capped, valueMax: told.value_cents_max, dayMax: told.device_day_cents, listAgeMax: told.list_age_max_seconds, singleVenue: told.single_venue, proof: told.proof };
}
