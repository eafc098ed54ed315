// @ts-check
/** Used by the scanner: what a device may let in on without a network, by the city's policy for its venue. */
import { FLAGS } from "./tokens.js";

/**
 * @typedef {object} Policy
 * @property {boolean} capped whether small values may be let in on without a network
 * @property {number} valueMax cents of one voucher
 * @property {number} budget cents of this device in a day
 * @property {number} listAgeMax seconds
 * @property {boolean} singleVenue only vouchers for one venue
 * @property {"live" | "id" | "live-or-id" | "none"} proof what has to be seen
 */
/**
 * @typedef {object} Facts
 * @property {import("./tokens.js").Claims} claims
 * @property {import("./live.js").Judgement} live
 * @property {boolean} seenMoving
 * @property {boolean} idSeen
 * @property {boolean} mine leased to this device
 * @property {number | null} listAge seconds
 * @property {number} spent cents of this device today
 * @property {number} uses
 * @property {Policy | null} policy
 */

/** @typedef {{ code: string, tier: "leased" | "capped" | null }} Ground */

/** What is possible without a network, as long as nothing is scanned. @param {Policy | null} policy @param {number | null} listAge @param {boolean} active @returns {"capped" | "leased" | "refused"} */
export function standing(policy, listAge, active) {
  if (!active || listAge === null) return "refused";
  return policy?.capped && listAge <= policy.listAgeMax ? "capped" : "leased";
}

/** @param {Facts} facts @returns {Ground} */
export function decide(facts) {
  const { claims, policy } = facts;
  const refused = (/** @type {string} */ code) => ({ code, tier: null });
  if (claims.flags & FLAGS.onlineOnly) return refused("offline-not-allowed");
  if (claims.flags & FLAGS.lease) return facts.mine ? proven(facts, "leased") : refused("offline-leased-elsewhere");
  if (!policy?.capped) return refused("offline-not-allowed");
  if (facts.listAge === null || facts.listAge > policy.listAgeMax) return refused("offline-list-old");
  if (policy.singleVenue && claims.venues.length > 1) return refused("offline-venues");
  const cents = claims.value * facts.uses;
  if (cents > policy.valueMax) return refused("offline-value");
  if (facts.spent + cents > policy.budget) return refused("offline-budget");
  return proven(facts, "capped");
}

/** @param {Facts} facts @param {"leased" | "capped"} tier @returns {Ground} */
function proven(facts, tier) {
  const { claims, live, policy } = facts;
  const moves = live.liveness === "live" || (live.liveness === "clock-off" && facts.seenMoving);
  const wrong = /** @type {Record<string, string>} */ ({ old: "live-code-old", wrong: "live-code-wrong", "clock-off": "phone-clock-off" })[live.liveness];
  if (wrong && !moves && !(wrong === "phone-clock-off" && facts.idSeen && !(claims.flags & FLAGS.live))) return { code: wrong, tier: null };
  if (claims.flags & FLAGS.live && !moves) return { code: "live-code-needed", tier: null };
  if (tier === "leased" || moves || facts.idSeen) return { code: "accepted", tier };
  return { code: policy?.proof === "none" ? "accepted" : "offline-id-needed", tier };
}
