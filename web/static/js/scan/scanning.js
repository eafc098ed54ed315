// @ts-check
/**
 * Used by the scanner: decides a scan on the strongest ground there is, and writes it down before anybody sees it.
 * With a network the server decides; without one the rules of `policy.js`. Which it is, it finds out by itself.
 */
import { same, sha256 } from "./bytes.js";
import * as events from "./events.js";
import * as gates from "./gates.js";
import * as live from "./live.js";
import * as log from "./log.js";
import * as policy from "./policy.js";
import { Answered, Server, Unreachable } from "./server.js";
import * as status from "./status.js";
import * as store from "./store.js";
import * as texts from "./texts.js";
import * as tokens from "./tokens.js";
import * as trusting from "./trust.js";
import * as words from "./words.js";

const ONLINE_MS = 2500;
const COLOURS = /** @type {Record<string, "green" | "amber" | "red">} */ ({ accepted: "green", active: "green", "test-passed": "green", "let-in-again": "green", "let-out": "green" });
const RED = new Set(["unknown-key", "blocked-key", "bad-signature", "expired", "offline-listed", "offline-used-here", "already-inside", "live-code-old", "live-code-wrong"]);
/** How a refused token is told; whatever else is wrong with it, it is not readable. */
const REFUSALS = new Set(["mistyped-code", "unknown-key", "blocked-key", "bad-signature", "not-yet-valid", "expired", "other-venue"]);

/** @typedef {{ uses: number, direction: "in" | "out", seenMoving?: boolean, idSeen?: boolean, receipt?: string, inParts?: boolean }} Asked `inParts`: staff said how much, as `uses` */
/** What staff is asked before a good voucher is redeemed. @typedef {{ kind: "receipt" } | { kind: "amount", cents: number, left: number }} Question */
/**
 * @typedef {object} Decision
 * @property {string} code
 * @property {"green" | "amber" | "red"} colour
 * @property {string} title
 * @property {string} text
 * @property {string} offer
 * @property {string[]} notes
 * @property {"online" | "hub" | "leased" | "capped" | null} ground
 * @property {Question | null} question
 * @property {boolean} confirmable the same scan is accepted once somebody has looked
 * @property {{ until: number, scanId: string | null, seq: number } | null} undo
 */
/** @typedef {{ token: Uint8Array | null, typed: string | null, live: texts.Live | null, refused: string | null }} Read */

export class Scanning {
  /** @param {import("./enrolling.js").Device} device @param {Server} server @param {log.Log} book */
  constructor(device, server, book) {
    this.device = device;
    this.server = server;
    this.log = book;
    this.trust = trusting.NONE;
    /** @type {boolean | null} null: not known yet */ this.online = null;
    /** @type {{ asked: string, nonce: Uint8Array } | null} */ this.unanswered = null;
    /** Guests at all gates of the venue; null: not counted here. @type {{ inside: number, came: number, went: number } | null} */ this.guests = null;
    /** When this device last gave back all that was reserved for it. */ this.closedAt = 0;
    /** What this app learns about the network. @type {() => void} */ this.changed = () => {};
  }

  /** @param {boolean} online */
  reached(online) {
    if (this.online === online) return;
    this.online = online;
    this.changed();
  }

  /** Seconds since the city signed the list that is here, or null. */
  get listAge() {
    return this.trust.list ? Math.max(0, (this.server.clock.now() - this.trust.list.issuedAt) / 1000) : null;
  }

  /** @returns {"online" | "capped" | "leased" | "refused"} */
  get tier() {
    if (this.online !== false) return "online";
    return policy.standing(this.trust.policy, this.listAge, this.device.state === "active" && !this.log.quarantined);
  }

  /** @param {string} text @param {Asked} asked @returns {Promise<Decision>} */
  async decide(text, asked) {
    // Nobody knows whether a request without an answer counted: repeated, it is the same scan.
    const name = JSON.stringify([text, asked.uses, asked.direction, asked.receipt, asked.inParts]);
    const nonce = this.unanswered?.asked === name ? this.unanswered.nonce : log.nonce();
    const found = read(text);
    if (this.online !== false) {
      try {
        const told = await this.ask(text, nonce, asked);
        this.unanswered = null;
        this.reached(true);
        return await this.byServer(told, found, nonce, asked);
      } catch (error) {
        if (!(error instanceof Unreachable)) throw error;
        this.unanswered = { asked: name, nonce };
        this.reached(false);
      }
    }
    return this.alone(found, nonce, asked);
  }

  /** @param {string} text @param {Uint8Array} nonce @param {Asked} asked */
  ask(text, nonce, asked) {
    const name = log.nonceText(nonce);
    const body = { text, nonce: name, seen_moving: Boolean(asked.seenMoving), ...(asked.uses > 1 ? { uses: asked.uses } : {}), ...(this.device.direction === "both" ? { direction: asked.direction } : {}), ...(asked.receipt ? { receipt_number: asked.receipt } : {}), asks: this.asks(asked) };
    return this.server.post("/api/v1/scans", body, { timeout: ONLINE_MS, key: `scan-${name}-${asked.seenMoving ? 1 : 0}` });
  }

  /** What staff has not said yet. @param {Asked} asked @returns {("amount" | "receipt")[]} */
  asks(asked) {
    if (asked.direction === "out") return [];
    return [...(asked.inParts ? [] : /** @type {const} */ (["amount"])), ...(this.trust.receipts && !asked.receipt ? /** @type {const} */ (["receipt"]) : [])];
  }

  /** @param {any} told @param {Read} found @param {Uint8Array} nonce @param {Asked} asked @returns {Promise<Decision>} */
  async byServer(told, found, nonce, asked) {
    const voucher = told.code === "accepted" ? told.voucher_id : null;
    const passes = told.persons ?? (voucher && told.reentry_until ? asked.uses : 0);
    const pass = passPast(told.voucher_id, told.code, passes, told.reentry_until ? Date.parse(told.reentry_until) : null);
    const seq = await this.write(found, nonce, { ...asked, uses: told.persons ?? asked.uses }, "online", told.code, { voucher, uses: asked.uses, pass });
    return {
      code: told.code, colour: told.colour, title: told.title, text: told.sentence, offer: told.offer_title ?? "", notes: told.notes ?? [],
      ground: told.decided_by === "hub" ? "hub" : "online", confirmable: told.code === "phone-clock-off",
      question: told.code === "receipt-needed" ? { kind: "receipt" } : told.code === "amount-needed" ? { kind: "amount", cents: told.part_cents, left: told.left } : null,
      undo: told.undo_until ? { until: Date.parse(told.undo_until) - this.server.clock.offset, scanId: told.scan_id, seq } : null,
    };
  }

  /** Decide without a network. @param {Read} found @param {Uint8Array} nonce @param {Asked} asked @returns {Promise<Decision>} */
  async alone(found, nonce, asked) {
    const now = this.server.clock.now();
    const judged = await this.judge(found, now, asked);
    const { claims, values, persons } = judged;
    const question = judged.code === "accepted" && claims ? this.question(claims, asked) : null;
    const code = question ? `${question.kind}-needed` : judged.code;
    const tier = question ? null : judged.tier;
    const accepted = code === "accepted" && claims;
    const cents = accepted && tier === "capped" ? policy.cents({ valueCents: claims.value, taken: asked.uses, uses: claims.uses }) : 0;
    const offer = claims ? this.trust.offers.get(claims.product) : undefined;
    const pass = passPast(claims?.id, code, persons ?? (accepted && offer?.reentry ? asked.uses : 0), offer?.ends ?? null);
    const note = accepted ? { voucher: claims.id, uses: asked.uses, cents, at: now, day: words.day(now), pass, parts: asked.inParts ? (claims.value / claims.uses) * asked.uses : undefined } : { pass };
    const seq = await this.write(found, nonce, { ...asked, uses: persons ?? asked.uses }, tier ?? "capped", code, note);
    const minutes = accepted ? offer?.undoMinutes ?? 0 : persons ? gates.UNDO_MINUTES : 0;
    return {
      code, colour: COLOURS[code] ?? (RED.has(code) ? "red" : "amber"),
      title: words.say(`verdict.${code}.title`), text: words.say(`verdict.${code}.text`, values),
      offer: offer?.titles[words.current()] ?? offer?.titles.de ?? "", notes: code === "already-inside" ? [words.say("alone-inside")] : accepted ? this.notes(claims, asked) : persons && persons > 1 ? [words.say("persons", { count: persons })] : [],
      ground: tier, question, confirmable: code === "phone-clock-off" || code === "offline-id-needed",
      undo: minutes ? { until: Date.now() + minutes * 60_000, scanId: null, seq } : null,
    };
  }

  /** @param {tokens.Claims} claims @param {Asked} asked @returns {Question | null} */
  question(claims, asked) {
    const asks = this.asks(asked);
    const left = claims.uses - (this.log.taken.get(claims.id)?.uses ?? 0);
    if (asks.includes("amount") && left > 1 && this.trust.offers.get(claims.product)?.inParts) return { kind: "amount", cents: claims.value / claims.uses, left };
    return asks.includes("receipt") ? { kind: "receipt" } : null;
  }

  /** @param {tokens.Claims} claims @param {Asked} asked */
  notes(claims, asked) {
    if (asked.inParts) return [words.euros((claims.value / claims.uses) * asked.uses)];
    const notes = asked.uses > 1 ? [words.say("persons", { count: asked.uses })] : [];
    if (claims.uses > 1) notes.push(words.say("left", { left: claims.uses - (this.log.taken.get(claims.id)?.uses ?? 0), all: claims.uses }));
    return notes;
  }

  /** @param {Read} found @param {number} now @param {Asked} asked @returns {Promise<{ code: string, tier: "leased" | "capped" | null, claims: tokens.Claims | null, values: Record<string, string>, persons?: number }>} `persons`: who pass without a use */
  async judge(found, now, asked) {
    const refused = (/** @type {string} */ code, /** @type {tokens.Claims | null} */ claims = null, values = {}) => ({ code, tier: null, claims, values });
    if (this.device.state !== "active" || this.log.quarantined) return refused("offline-no-device");
    if (found.typed) return refused("offline-typed");
    if (!found.token) return refused(found.refused === "mistyped-code" ? "mistyped-code" : "not-readable");
    const seconds = Math.floor(now / 1000);
    let claims;
    try {
      claims = await tokens.genuine(found.token, this.trust.keys, seconds);
      if (asked.direction === "out") return this.leaving(claims, asked, now);
      tokens.check(claims, seconds, this.device.venueId);
    } catch (error) {
      if (!(error instanceof texts.Refused)) throw error;
      const moment = claims && (error.code === "expired" ? claims.expiresAt : claims.issuedAt) * 1000;
      const values = moment ? { date: words.date(moment), time: words.time(moment), venues: "" } : {};
      return refused(REFUSALS.has(error.code) ? error.code : "not-readable", claims, values);
    }
    const isTest = claims.product === policy.TEST_PRODUCT;
    if (!isTest && this.device.offers && !this.device.offers.includes(claims.product)) return refused("offer-not-here", claims);
    const again = isTest ? null : await this.entering(found, claims, asked, now);
    if (again) return again;
    // What is reserved for this device is on the list so that no other takes it.
    if (!isTest && !(await this.isMine(claims)) && this.trust.list && status.isInvalid(this.trust.list.bits, claims.status)) {
      return refused(this.trust.offers.get(claims.product)?.reentry ? "offline-out-unknown" : "offline-listed", claims);
    }
    const taken = this.log.taken.get(claims.id);
    if (taken && taken.uses + asked.uses > claims.uses) return refused("offline-used-here", claims, { date: words.date(taken.at), time: words.time(taken.at) });
    if (asked.uses > claims.uses) return refused("too-few-left", claims, { left: String(claims.uses), taken: String(asked.uses) });
    const judged = await live.judge(found.token, found.live, claims, seconds, this.trust.live);
    const day = words.day(now);
    const { code, ground } = policy.decide(this.trust.policy, {
      product: claims.product, flags: claims.flags, venues: claims.venues.length, uses: claims.uses, valueCents: claims.value, taken: asked.uses,
      // Without the key of the day nobody knows whether the code moves: it counts as one that stands still.
      mine: await this.isMine(claims), liveness: judged.liveness === "no-key" ? "still" : judged.liveness,
      movingSeen: Boolean(asked.seenMoving), idSeen: Boolean(asked.idSeen), listAge: this.listAge,
      spentCents: this.log.spentToday.day === day ? this.log.spentToday.cents : 0,
    });
    return { code, tier: ground, claims, values: { clock: words.clock(judged.seconds) } };
  }

  /** Guests go out: also with what is over by now. @param {tokens.Claims} claims @param {Asked} asked @param {number} now */
  leaving(claims, asked, now) {
    const here = this.log.presence(claims.id, now);
    if (!claims.venues.includes(this.device.venueId)) return { code: "other-venue", tier: null, claims, values: {} };
    // They may have come in at another gate: who stands at the way out was inside.
    const code = this.trust.offers.get(claims.product)?.reentry ? "let-out" : "no-reentry";
    const persons = code === "no-reentry" ? undefined : Math.min(asked.uses, here.inside || claims.uses);
    return { code, tier: null, claims, values: {}, persons };
  }

  /** Guests come in whom this device has seen before; null: as everybody. @param {Read} found @param {tokens.Claims} claims @param {Asked} asked @param {number} now */
  async entering(found, claims, asked, now) {
    const here = this.log.presence(claims.id, now);
    if (!found.token || !here.admitted || !this.trust.offers.get(claims.product)?.reentry) return null;
    const code = gates.entering(here, asked.uses, claims.uses, claims.uses - (this.log.taken.get(claims.id)?.uses ?? 0));
    if (!code) return null;
    const values = { time: here.latest ? words.time(here.latest.at) : "", device: this.device.gate || this.device.name, outside: String(gates.outside(here, claims.uses)), taken: String(asked.uses) };
    if (code !== "let-in-again") return { code, tier: null, claims, values };
    const judged = await live.judge(found.token, found.live, claims, Math.floor(now / 1000), this.trust.live);
    // A picture does not come in again either; nothing else limits who takes no use.
    const moving = policy.moving({ flags: claims.flags, liveness: judged.liveness === "no-key" ? "still" : judged.liveness, movingSeen: Boolean(asked.seenMoving), idSeen: Boolean(asked.idSeen) });
    if (moving) return { code: moving, tier: null, claims, values: { clock: words.clock(judged.seconds) } };
    return { code, tier: null, claims, values, persons: asked.uses };
  }

  /** Count guests at once; the city's own count comes with the next answer. @param {log.Pass | undefined} pass @param {1 | -1} step */
  counted(pass, step) {
    if (!pass || !this.guests) return;
    const { inside, came, went } = this.guests;
    const persons = step * pass.persons;
    this.guests = pass.out ? { inside: Math.max(0, inside - persons), came, went: went + persons } : { inside: Math.max(0, inside + persons), came: came + persons, went };
  }

  /** Whether there are offers here that let in again. */
  get countsGuests() {
    return [...this.trust.offers.values()].some((one) => one.reentry);
  }

  /** @param {tokens.Claims} claims */
  async isMine(claims) {
    if (!claims.device || claims.issuedAt * 1000 <= this.closedAt) return false;
    const own = (await sha256(new TextEncoder().encode(this.device.id))).subarray(0, claims.device.length);
    return same(claims.device, own);
  }

  /** @param {Read} found @param {Uint8Array} nonce @param {Asked} asked @param {"online" | "leased" | "capped"} tier @param {string} decision @param {any} note */
  async write(found, nonce, asked, tier, decision, note) {
    const code = found.token ?? found.typed ?? new Uint8Array();
    const seq = await this.log.add(this.entry({
      kind: events.KINDS.scan, tier: events.TIERS[tier], decision, code, live: found.live, nonce,
      flags: (asked.idSeen ? events.FLAGS.idSeen : 0) | (asked.seenMoving ? events.FLAGS.seenMoving : 0), uses: asked.uses,
      more: this.more(asked, decision, note.parts),
    }), { at: this.server.clock.now(), code, ...note });
    this.counted(note.pass, 1);
    return seq;
  }

  /** What few events carry. @param {Asked} asked @param {string} decision @param {number | undefined} cents of a value that is taken in parts */
  more(asked, decision, cents) {
    const more = /** @type {Map<number, string | number>} */ (new Map());
    if (this.device.direction !== "in") more.set(events.MORE.direction, asked.direction === "out" ? 1 : 0);
    if (decision === "accepted" && cents !== undefined) more.set(events.MORE.valueCents, cents);
    if (decision === "accepted" && asked.receipt) more.set(events.MORE.receipt, asked.receipt);
    return more;
  }

  /** @param {Partial<events.Entry>} given @returns {events.Entry} */
  entry(given) {
    const clock = this.server.clock;
    return {
      kind: events.KINDS.note, deviceMs: Date.now(), offsetMs: Math.round(clock.now() - Date.now()), anchorMs: Math.round(clock.anchor), listVersion: this.trust.list?.version ?? 0,
      tier: events.TIERS.online, decision: "note", code: new Uint8Array(), live: null, nonce: log.nonce(), flags: 0, refers: 0, uses: 1, more: new Map(), ...given,
    };
  }

  /** Give back all that is reserved for this device; it takes none of it from now on. */
  async giveBack() {
    this.closedAt = this.server.clock.now();
    await store.put({ "closed-at": this.closedAt });
    await this.log.add(this.entry({ kind: events.KINDS.close, decision: "closed" }));
  }

  /** Take a scan back; without a network the city hears of it later. @param {Decision} decision @returns {Promise<"undone" | "undo-too-late">} */
  async undo({ undo }) {
    if (!undo) return "undo-too-late";
    const row = (await store.rows(undo.seq - 1, 1))[0];
    const { note } = await store.unseal(row);
    if (undo.scanId) {
      try {
        await this.server.post(`/api/v1/scans/${undo.scanId}/undo`, undefined, { key: `undo-${undo.scanId}` });
      } catch (error) {
        if (error instanceof Answered || Date.now() > undo.until) return "undo-too-late";
        this.reached(false);
      }
    } else if (Date.now() > undo.until) return "undo-too-late";
    const tier = undo.scanId ? events.TIERS.online : events.TIERS.capped;
    await this.log.add(this.entry({ kind: events.KINDS.undo, tier, decision: "undone", code: note.code, refers: undo.seq, uses: note.uses ?? 1 }), { undo: note.voucher, refers: undo.seq, uses: note.uses ?? 1, cents: note.cents ?? 0, day: note.day });
    this.counted(note.pass, -1);
    return "undone";
  }
}

/** What is noted of guests who pass; undefined: nobody is counted. @param {string | undefined} voucher @param {string} code @param {number} persons @param {number | null} ends @returns {log.Pass | undefined} */
const passPast = (voucher, code, persons, ends) => (voucher && persons ? { v: voucher, out: code === "let-out", again: code === "let-in-again", persons, ends } : undefined);

/** What of a text is ours. @param {string} text @returns {Read} */
export function read(text) {
  try {
    const parsed = texts.parse(text);
    if ("typed" in parsed) return { token: null, typed: parsed.typed, live: null, refused: null };
    return { token: parsed.token.length <= 200 ? parsed.token : null, typed: null, live: parsed.live, refused: null };
  } catch (error) {
    if (!(error instanceof texts.Refused)) throw error;
    return { token: null, typed: null, live: null, refused: error.code };
  }
}
