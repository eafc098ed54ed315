// @ts-check
/** Used by the scanner: what it does beside scanning: fresh keys and lists, handing in the log, telling how it is. */
import { Answered } from "./server.js";
import * as store from "./store.js";
import * as trusting from "./trust.js";

const ONLINE_MS = 20_000;
const OFFLINE_MS = 5000;
const SOON_MS = 800;
const TIER_NUMBERS = { online: 0, leased: 2, capped: 4, refused: 4 };

export class Syncing {
  /** @param {import("./scanning.js").Scanning} scanning @param {{ changed: () => void, stopped: (code: string) => void }} tell */
  constructor(scanning, tell) {
    this.scanning = scanning;
    this.tell = tell;
    /** @type {number | undefined} */ this.timer = undefined;
    this.running = false;
    /** Something happened while it was running. */ this.again = false;
  }

  start() {
    addEventListener("online", () => void this.now());
    addEventListener("offline", () => this.scanning.reached(false));
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && void this.now());
    return this.now();
  }

  /** After a scan: hand it in when there is a moment. */
  soon() {
    this.plan(SOON_MS);
  }

  /** @param {number} [ms] */
  plan(ms) {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.now(), ms ?? (this.scanning.online === false ? OFFLINE_MS : ONLINE_MS));
  }

  async now() {
    if (this.running) {
      this.again = true;
      return;
    }
    this.running = true;
    this.again = false;
    clearTimeout(this.timer);
    try {
      await this.once();
      this.scanning.reached(true);
    } catch (error) {
      if (!(error instanceof Answered)) this.scanning.reached(false);
      else if (error.status === 401 || error.code === "venue-suspended") this.tell.stopped(error.code);
    } finally {
      this.running = false;
      this.tell.changed();
      this.plan(this.again ? SOON_MS : undefined);
    }
  }

  async once() {
    const { scanning } = this;
    const { server } = scanning;
    const { trust, device } = await trusting.refresh(server, scanning.trust);
    scanning.trust = trust;
    if (device) await this.become(trusting.deviceIn({ ...device, device_id: device.device_id ?? scanning.device.id }));
    // A refusal drops nothing: it is handed in again the next time.
    await scanning.log.handIn(server).catch((error) => {
      if (!(error instanceof Answered)) throw error;
    });
    await store.tidy(Date.now());
    if (!scanning.countsGuests) scanning.guests = null;
    else if (scanning.log.waiting === 0) scanning.guests = await this.guests();
    const state = {
      clock_offset_ms: server.clock.offset, list_version: trust.list?.version ?? 0, queue_length: scanning.log.waiting,
      battery_percent: await battery(), tier: TIER_NUMBERS[scanning.tier], app_version: document.body.dataset.version ?? "",
    };
    await server.post("/api/v1/venue/device-state", state);
  }

  /** Who is inside at all gates of the venue. */
  async guests() {
    const { inside, came, went } = await this.scanning.server.get("/api/v1/scans/summary");
    return { inside, came, went };
  }

  /** @param {import("./enrolling.js").Device} told */
  async become(told) {
    const device = { ...this.scanning.device, ...Object.fromEntries(Object.entries(told).filter(([, value]) => value !== "" && value !== undefined)) };
    if (JSON.stringify(device) === JSON.stringify(this.scanning.device)) return;
    this.scanning.device = device;
    await store.put({ device });
  }
}

/** @returns {Promise<number | null>} */
export async function battery() {
  const found = await /** @type {any} */ (navigator).getBattery?.();
  return found ? Math.round(found.level * 100) : null;
}
