// @ts-check
/**
 * Used by the scanner: the device's log. Rows are only added, each names the one before; they are handed in in
 * batches and kept until the server has them, and 30 days more (docs/scan-log.md sections 3 and 4).
 */
import * as events from "./events.js";
import * as gates from "./gates.js";
import * as store from "./store.js";
import * as words from "./words.js";
import { fromBase64, same, toBase64, toHex } from "./bytes.js";

const BATCH = 500;
/** What the server has, whatever it thinks of it; only what lies behind a gap has to be sent again. */
const DONE = new Set(["accepted", "conflict", "refused", "known", "held", "unreadable", "fork"]);
const PROBLEMS = new Set(["conflict", "refused"]);
const COMPLAINTS_KEPT = 20;

/** Guests of a voucher who passed a gate, as a note of the log has it. @typedef {{ v: string, out: boolean, again: boolean, persons: number, ends: number | null }} Pass */
/** What of the log is remembered by voucher: how many uses this device took, and when first. @typedef {{ uses: number, at: number, seq: number, undone: boolean }} Taken */

export class Log {
  /** @param {events.Signer} signer */
  constructor(signer) {
    this.signer = signer;
    /** @type {Map<string, Taken>} */ this.taken = new Map();
    /** Cents let in offline today by this device. */ this.spentToday = { day: "", cents: 0 };
    /** Passages of today, by voucher. @type {Map<string, (gates.Passage & { ends: number | null })[]>} */ this.passed = new Map();
    this.waiting = 0;
    /** @type {{ seq: number, outcome: string, sentence: string, reason: string }[]} */ this.complaints = [];
    this.quarantined = false;
    /** @type {Promise<unknown>} */ this.handing = Promise.resolve();
  }

  /** Read what was written before this start. */
  async load() {
    const found = await store.rows();
    const contents = await Promise.all(found.map((row) => store.unseal(row)));
    contents.forEach(({ note }, at) => this.remember(note, found[at].seq));
    await this.counted();
  }

  /** @param {any} note @param {number} seq */
  remember(note, seq) {
    if (note?.pass) this.passed.set(note.pass.v, [...(this.passed.get(note.pass.v) ?? []), { ...note.pass, id: seq, at: note.at }]);
    if (note?.refers) this.passed.forEach((of, v) => this.passed.set(v, of.filter((one) => one.id !== note.refers)));
    if (note?.undo) {
      const taken = this.taken.get(note.undo);
      if (taken) taken.uses = Math.max(0, taken.uses - note.uses);
      if (note.cents && this.spentToday.day === note.day) this.spentToday.cents -= note.cents;
    } else if (note?.voucher) {
      const taken = this.taken.get(note.voucher);
      if (taken && taken.uses > 0) taken.uses += note.uses;
      else this.taken.set(note.voucher, { uses: note.uses, at: note.at, seq, undone: false });
      if (note.cents) {
        if (this.spentToday.day !== note.day) this.spentToday = { day: note.day, cents: 0 };
        this.spentToday.cents += note.cents;
      }
    }
  }

  /** Guests of a voucher by what this device has seen. @param {string} voucher @param {number} now */
  presence(voucher, now) {
    const today = (this.passed.get(voucher) ?? []).filter((one) => (one.ends === null ? words.day(one.at) === words.day(now) : now < one.ends));
    return gates.presence(today);
  }

  /** Add an entry; it is on the disk when this returns its number. @param {events.Entry} entry @param {any} note @returns {Promise<number>} */
  async add(entry, note = {}) {
    // Two tabs are one device: without the lock they would write two logs.
    return navigator.locks.request("duiscoin-scan-log", async () => {
      const before = (await store.get("link")) ?? (await events.beginning(this.signer.publicKey));
      const { data, link } = await events.sign(entry, before, this.signer);
      const sealed = await store.seal({ data, note });
      await store.append({ seq: link.seq, at: entry.deviceMs, acknowledged: 0, outcome: "", ...sealed }, { link });
      this.waiting += 1;
      this.remember(note, link.seq);
      return link.seq;
    });
  }

  /** Hand in what waits; one call at a time. @param {import("./server.js").Server} server @returns {Promise<boolean>} whether all was taken */
  handIn(server) {
    const next = this.handing.then(() => this.send(server), () => this.send(server));
    this.handing = next.catch(() => {});
    return next;
  }

  /** @param {import("./server.js").Server} server */
  async send(server) {
    let batch = await store.waiting(BATCH);
    if (!batch.length) return this.counted();
    const known = await server.get("/api/v1/venue/scan-log");
    this.quarantined = known.quarantined || (await this.isForked(known));
    let through = known.through_seq;
    while (batch.length) {
      const contents = await Promise.all(batch.map((row) => store.unseal(row)));
      const body = { events: contents.map(({ data }) => toBase64(data)), lost_through: batch[0].seq > through + 1 ? batch[0].seq - 1 : 0 };
      const answer = await server.post("/api/v1/venue/scan-log", body, { timeout: 30_000 });
      this.quarantined = answer.quarantined;
      through = answer.through_seq;
      const answers = answer.results.map((/** @type {any} */ one) => ({ ...one, done: DONE.has(one.outcome) }));
      await store.acknowledge(answers, Date.now());
      this.complaints = [...this.complaints, ...answers.filter((/** @type {any} */ one) => PROBLEMS.has(one.outcome))].slice(-COMPLAINTS_KEPT);
      // Events that the server has not taken stay, and are sent again the next time.
      if (!answers.some((/** @type {any} */ one) => one.done)) break;
      batch = await store.waiting(BATCH);
    }
    return this.counted();
  }

  async counted() {
    this.waiting = await store.waitingCount();
    return this.waiting === 0;
  }

  /** Whether the server knows another event of a number than this device wrote. @param {{ through_seq: number, head: string }} known */
  async isForked(known) {
    const link = await store.get("link");
    return Boolean(link) && known.through_seq === link.seq && !same(fromBase64(known.head), link.head);
  }

  /** The whole log as a file for the owner. */
  async file() {
    const contents = await Promise.all((await store.rows()).map((row) => store.unseal(row)));
    return events.file(this.signer, contents.map(({ data }) => data));
  }
}

/** A name for a scan. */
export const nonce = () => crypto.getRandomValues(new Uint8Array(16));

/** @param {Uint8Array} bytes */
export const nonceText = (bytes) => toHex(bytes);
