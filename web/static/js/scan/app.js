// @ts-check
/** Used at /scan: the scanner that installs and works offline. Puts its parts together; each part is a module here. */
import { Camera } from "../camera.js";
import { prepareSignals } from "../scanner-signals.js";
import * as canary from "./canary.js";
import * as enrolling from "./enrolling.js";
import * as judged from "./judged.js";
import * as keyboard from "./keyboard.js";
import { Log } from "./log.js";
import { Scanning } from "./scanning.js";
import { Answered, Server } from "./server.js";
import * as sheet from "./state-sheet.js";
import * as store from "./store.js";
import { Syncing } from "./syncing.js";
import * as trusting from "./trust.js";
import * as words from "./words.js";

const PARTY_MAX = 50;
const QUEUE_SHOWN = 20;
const ALONE_MS = 3000;

/** @param {string} id @returns {any} */
const find = (id) => document.getElementById(id);

/** Show one of the page's sections. @param {"message" | "enrol" | "again" | "work"} which */
function open(which) {
  for (const id of ["message", "enrol", "again", "work"]) find(id).hidden = id !== which;
}

/** @param {string} key */
function message(key) {
  open("message");
  words.put(find("message-text"), key);
  find("message-text").focus();
}

async function begin() {
  const language = await store.get("language").catch(() => undefined);
  await words.load(language ?? words.current());
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", () => {
      words.choose(/** @type {HTMLElement} */ (button).dataset.language ?? "de");
      void store.put({ language: words.current() }).then(() => work?.show());
    });
  }
  void keep();
  const obstacle = await enrolling.obstacle();
  if (obstacle) return message(obstacle);
  const device = await store.get("device");
  const secret = enrolling.secretIn(location.hash.slice(1));
  if (location.pathname.endsWith("/enrol") && (secret || !device)) return device && secret ? askAgain(device, secret) : offerEnrolment(secret);
  return device ? start(device) : offerEnrolment(null);
}

/** Take everything along that the scanner needs to start without a network. */
async function keep() {
  await navigator.serviceWorker?.register("/scan/worker.js", { scope: "/scan" });
  await navigator.serviceWorker?.ready;
  document.body.dataset.kept = "yes";
}

/** @param {enrolling.Device} device @param {string} secret */
function askAgain(device, secret) {
  open("again");
  find("again-text").textContent = words.say("enrol-again", { venue: device.venue });
  find("again-text").focus();
  find("again-keep").addEventListener("click", () => location.replace("/scan"));
  find("again-do").addEventListener("click", async () => {
    if (await isHandedIn()) offerEnrolment(secret);
    else find("again-text").textContent = words.say("enrol-queue");
  });
}

/** Whether nothing of the earlier device would be lost. */
async function isHandedIn() {
  return (await store.waitingCount()) === 0;
}

/** @param {string | null} secret */
function offerEnrolment(secret) {
  open("enrol");
  find("enrol-form").addEventListener("submit", (/** @type {Event} */ event) => {
    event.preventDefault();
    const typed = enrolling.secretIn(find("secret").value);
    if (typed) void enrol(typed);
    else complain("enrol-short");
  });
  if (secret) void enrol(secret);
}

/** @param {string} key @param {Record<string, string>} [values] */
function complain(key, values) {
  find("enrol-error").textContent = words.say(key, values);
  find("enrol-error").hidden = false;
  words.put(find("enrol-do").querySelector(".kern-label"), "enrol-do");
  find("enrol-do").disabled = false;
}

/** @param {string} secret */
async function enrol(secret) {
  find("enrol-error").hidden = true;
  find("enrol-do").disabled = true;
  words.put(find("enrol-do").querySelector(".kern-label"), "enrol-working");
  try {
    await enrolling.enrol(secret, words.current);
    // The secret goes from the address and from the history.
    location.replace("/scan");
  } catch (error) {
    const { key, sentence } = enrolling.refusal(error);
    complain(key, { sentence });
  }
}

/** @type {Work | undefined} */
let work;

/** Be the only tab: two of them would each let the same guest in. Whether it is. */
function isAlone() {
  return new Promise((resolve) => {
    const patience = { signal: AbortSignal.timeout(ALONE_MS) };
    // Kept until the page is closed; a page that is just being left gives it up in a moment.
    navigator.locks.request("duiscoin-scan-app", patience, () => new Promise(() => resolve(true))).catch(() => resolve(false));
  });
}

/** @param {enrolling.Device} device */
async function start(device) {
  if (!(await isAlone())) return message("other-tab");
  const [token, keys, publicKey, clock] = await Promise.all(["token", "keys", "public-key", "clock"].map(store.get));
  const book = new Log({ deviceId: BigInt(device.id), publicKey, privateKey: keys.privateKey });
  const server = new Server(token, words.current);
  server.clock.restore(clock);
  const scanning = new Scanning(device, server, book);
  await book.load();
  scanning.trust = await trusting.kept();
  scanning.closedAt = (await store.get("closed-at")) ?? 0;
  work = new Work(scanning, (await store.get("counts")) ?? { day: "", in: 0, out: 0 });
  open("work");
  work.wire();
  await work.syncing.start();
}

/** The screen of a device that scans. */
class Work {
  /** @param {Scanning} scanning @param {{ day: string, in: number, out: number }} counts */
  constructor(scanning, counts) {
    this.scanning = scanning;
    this.counts = counts;
    this.party = 1;
    /** Which way guests go, where this device lets them go both ways. @type {"in" | "out"} */ this.way = "in";
    this.busy = false;
    /** @type {WakeLockSentinel | undefined} */ this.awake = undefined;
    this.syncing = new Syncing(scanning, { changed: () => this.show(), stopped: (code) => this.stopped(code) });
    scanning.changed = () => this.show();
    const { decoder = "", reader = "", wasm = "" } = document.body.dataset;
    this.camera = new Camera(find("video"), { worker: decoder, reader, wasm }, {
      seen: (text) => this.scan(text), closed: () => this.darken(), trouble: (what) => this.trouble(what),
    });
  }

  wire() {
    find("start").addEventListener("click", () => void this.film());
    find("stop").addEventListener("click", () => this.camera.close());
    find("torch").addEventListener("click", () => {
      const on = find("torch").getAttribute("aria-pressed") !== "true";
      find("torch").setAttribute("aria-pressed", String(on));
      this.camera.set({ torch: on });
    });
    find("zoom").addEventListener("input", () => this.camera.set({ zoom: Number(find("zoom").value) }));
    find("fewer").addEventListener("click", () => this.people(this.party - 1));
    find("more").addEventListener("click", () => this.people(this.party + 1));
    for (const way of /** @type {const} */ (["in", "out"])) find(`way-${way}`).addEventListener("click", () => this.turn(way));
    find("typed").addEventListener("submit", (/** @type {Event} */ event) => {
      event.preventDefault();
      const text = find("code").value.trim();
      find("code").value = "";
      prepareSignals();
      if (text) void this.scan(text);
    });
    keyboard.listen((text) => void this.scan(text), () => this.refuse("hand-scanner"));
    judged.wire();
    find("open-state").addEventListener("click", () => void this.explain());
    find("close-state").addEventListener("click", () => find("state").close());
    find("export").addEventListener("click", () => void this.save());
    find("give-back").addEventListener("click", () => void this.giveBack());
    find("canary").addEventListener("click", () => void this.test());
    addEventListener("pagehide", () => this.camera.close());
    addEventListener("beforeunload", (event) => {
      if (this.scanning.log.waiting > 0) event.preventDefault();
    });
    this.show();
  }

  async film() {
    prepareSignals();
    find("start").hidden = true;
    if (!(await this.camera.open())) return;
    find("camera").hidden = find("camera-tools").hidden = false;
    const { torch, zoom } = this.camera.capabilities;
    find("torch").hidden = !torch;
    find("zoom-box").hidden = !zoom;
    if (zoom) Object.assign(find("zoom"), { min: zoom.min, max: Math.min(zoom.max, 5), step: zoom.step || 0.1, value: Math.min(2, zoom.max) });
    if (zoom) this.camera.set({ zoom: Math.min(2, zoom.max) });
    words.put(find("camera-hint"), /iPhone|iPad/.test(navigator.userAgent) ? "near" : "aim");
    find("stop").focus();
    // Else the screen goes dark between two guests.
    this.awake = await navigator.wakeLock?.request("screen").catch(() => undefined);
  }

  darken() {
    void this.awake?.release();
    find("camera").hidden = find("camera-tools").hidden = true;
    find("start").hidden = false;
  }

  /** @param {string} what */
  trouble(what) {
    this.darken();
    this.refuse(`camera-${what}`);
  }

  /** Nothing was decided. @param {string} key */
  refuse(key) {
    judged.show({ colour: "amber", title: words.say("not-scanned"), text: words.say(key) });
  }

  /** @returns {"in" | "out"} */
  get direction() {
    const { direction } = this.scanning.device;
    return direction === "both" ? this.way : direction;
  }

  /** @param {"in" | "out"} way */
  turn(way) {
    this.way = way;
    this.show();
  }

  /** @param {number} count */
  people(count) {
    this.party = Math.max(1, Math.min(PARTY_MAX, count));
    find("party").textContent = String(this.party);
  }

  /** @param {string} text @param {{ uses?: number, seenMoving?: boolean, idSeen?: boolean, receipt?: string, inParts?: boolean }} [said] what staff said of this scan before */
  async scan(text, said = {}) {
    if (this.busy) return;
    this.busy = true;
    find("main").setAttribute("aria-busy", "true");
    try {
      const decision = await this.scanning.decide(text, { uses: this.party, direction: this.direction, ...said });
      this.tell(decision, text, said);
      this.syncing.soon();
    } catch (error) {
      this.fail(error, text, said);
    } finally {
      this.busy = false;
      find("main").removeAttribute("aria-busy");
    }
  }

  /** @param {unknown} error @param {string} text @param {object} said */
  fail(error, text, said) {
    if (!(error instanceof Answered)) {
      this.refuse("canary-log");
      throw error;
    }
    if (error.status === 401 || error.code === "venue-suspended") return this.stopped(error.code);
    if (error.code.startsWith("till-number-")) return judged.show({ colour: "amber", title: words.say("verdict.receipt-needed.title"), text: error.sentence, question: this.question({ kind: "receipt" }, text, said) });
    if (error.code === "device-suspended") return this.refuse("device-suspended");
    if (error.status === 429 || !error.sentence) return this.refuse(error.status === 429 ? "too-often" : "no-answer");
    judged.show({ colour: "amber", title: words.say("not-scanned"), text: error.sentence });
  }

  /** @param {import("./scanning.js").Question} question @param {string} text @param {object} said */
  question(question, text, said) {
    if (question.kind === "receipt") return { label: words.say("receipt"), hint: words.say("receipt-hint"), act: (/** @type {string} */ receipt) => void this.scan(text, { ...said, receipt }) };
    const options = Array.from({ length: Math.min(question.left, PARTY_MAX) }, (_, at) => ({ value: String(at + 1), label: words.euros((at + 1) * question.cents) }));
    return { label: words.say("amount"), options, act: (/** @type {string} */ uses) => void this.scan(text, { ...said, uses: Number(uses), inParts: true }) };
  }

  /** @param {import("./scanning.js").Decision} decision @param {string} text @param {object} said */
  tell(decision, text, said) {
    const good = decision.colour === "green";
    if (this.direction === "out") this.show();
    else if (!decision.confirmable && !decision.question && decision.code !== "test-passed") this.count(good);
    if (good) this.people(1);
    const seen = decision.code === "offline-id-needed" ? { idSeen: true } : { seenMoving: true };
    judged.show({
      colour: decision.colour, title: decision.title, text: decision.text, offer: decision.offer, notes: decision.notes,
      ground: words.say(decision.ground ? `by-${decision.ground}` : "by-none"),
      confirm: decision.confirmable ? { label: words.say(seen.idSeen ? "id-seen" : "moves"), act: () => void this.scan(text, { ...said, ...seen }) } : undefined,
      question: decision.question ? this.question(decision.question, text, said) : undefined,
      undo: decision.undo ? { until: decision.undo.until, act: () => void this.undo(decision) } : undefined,
    });
  }

  /** @param {import("./scanning.js").Decision} decision */
  async undo(decision) {
    const outcome = await this.scanning.undo(decision);
    if (outcome !== "undone") return judged.show({ colour: "amber", title: words.say("undo-failed"), text: words.say(outcome) });
    const passed = decision.code === "let-out" || decision.code === "let-in-again";
    if (decision.code !== "let-out") this.count(true, -1);
    else this.show();
    judged.show({ colour: "amber", title: words.say("undone"), text: words.say(passed ? "passage-undone" : "undone-sentence"), offer: decision.offer });
    this.syncing.soon();
  }

  /** @param {boolean} good @param {number} [step] */
  count(good, step = 1) {
    const day = words.day(this.scanning.server.clock.now());
    if (this.counts.day !== day) this.counts = { day, in: 0, out: 0 };
    this.counts[good ? "in" : "out"] += step;
    void store.put({ counts: this.counts });
    this.show();
  }

  /** Write what the device knows of itself. */
  show() {
    const { device, tier, log } = this.scanning;
    find("place").textContent = device.venue;
    find("gate").textContent = device.gate;
    find("open-state").hidden = false;
    find("open-state").dataset.tier = this.scanning.online === null ? "" : tier;
    words.put(find("tier"), this.scanning.online === null ? "tier-unknown" : `tier-${tier}`);
    const waits = log.waiting > 0 && (tier !== "online" || log.waiting > QUEUE_SHOWN);
    find("open-state").dataset.waiting = String(log.waiting);
    find("waiting").hidden = !waits;
    find("waiting").textContent = String(log.waiting);
    const today = this.counts.day === words.day(this.scanning.server.clock.now());
    find("count-in").textContent = String(today ? this.counts.in : 0);
    find("count-out").textContent = String(today ? this.counts.out : 0);
    const both = device.direction === "both";
    find("ways").hidden = !both;
    for (const way of ["in", "out"]) find(`way-${way}`).setAttribute("aria-pressed", String(this.direction === way));
    document.body.dataset.way = this.direction;
    find("gate-out").hidden = both || this.direction === "in";
    const { guests } = this.scanning;
    find("guests").hidden = !guests;
    for (const one of /** @type {const} */ (["inside", "came", "went"])) find(`guests-${one}`).textContent = String(guests?.[one] ?? 0);
    const complaint = log.complaints.at(-1);
    find("complaint").hidden = !complaint;
    if (complaint) find("complaint").textContent = `${words.say("complaint")}: ${complaint.sentence}`;
  }

  /** @param {string} code */
  stopped(code) {
    this.camera.close();
    judged.close();
    const known = /** @type {Record<string, string>} */ ({ "venue-suspended": "venue-paused", "device-lost": "device-lost" });
    message(known[code] ?? "device-revoked");
  }

  async explain() {
    const texts = await sheet.lines(this.scanning);
    find("state-lines").replaceChildren(...texts.map((text) => Object.assign(document.createElement("li"), { textContent: text })));
    find("state").showModal();
  }

  async save() {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await this.scanning.log.file()], { type: "application/octet-stream" }));
    link.download = `${this.scanning.device.venue}-${words.day(Date.now())}.dscl`;
    link.click();
    URL.revokeObjectURL(link.href);
  }

  async giveBack() {
    await this.scanning.giveBack();
    find("state").close();
    judged.show({ colour: "green", title: words.say("given-back"), text: words.say("given-back-sentence") });
    this.syncing.soon();
  }

  async test() {
    prepareSignals();
    const faults = await canary.check(this.scanning, this.syncing);
    const passed = faults.length === 0;
    judged.show({
      colour: passed ? "green" : "amber", title: words.say(passed ? "canary-passed" : "canary-failed"),
      text: passed ? words.say("canary-passed-sentence") : "", notes: faults, ground: words.say("canary-hint"),
    });
  }
}

void begin();
