// @ts-check
/** Used by the scanner: "check before opening": goes through everything that a scan needs and says what is missing. */
import * as log from "./log.js";
import * as scanning from "./scanning.js";
import { Unreachable } from "./server.js";
import * as words from "./words.js";

const CLOCK_MS = 30_000;

/** Sentences about what is not in order. @param {scanning.Scanning} given @param {import("./syncing.js").Syncing} syncing @returns {Promise<string[]>} */
export async function check(given, syncing) {
  await syncing.now();
  const { device, server, trust } = given;
  /** @type {string[]} */ const faults = [];
  const fault = (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) => faults.push(words.say(key, values));
  if (!given.online) fault("canary-no-network");
  if (!trust.keys.length) fault("canary-no-keys");
  const age = given.listAge;
  if (age === null) fault("canary-no-list");
  else if (trust.policy.capped && age > trust.policy.listAgeMax) fault("canary-list-old");
  const off = Math.abs(server.clock.offset);
  if (off > CLOCK_MS) fault("canary-clock", { seconds: Math.round(off / 1000) });
  if (device.state !== "active") fault(`device-${device.state}`);
  const cameras = (await navigator.mediaDevices?.enumerateDevices?.())?.filter((one) => one.kind === "videoinput") ?? [];
  if (!cameras.length) fault("canary-no-camera", { reason: words.say("camera-missing") });
  if (given.online) await testVoucher(given, fault);
  return faults;
}

/** Scan a test voucher as a guest's, with the network and as if there were none. @param {scanning.Scanning} given @param {(key: string, values?: Record<string, string>) => void} fault */
async function testVoucher(given, fault) {
  try {
    const { text } = await given.server.post("/api/v1/venue/canary", undefined);
    const online = await given.decide(text, { uses: 1, direction: "in" });
    const alone = await given.alone(scanning.read(text), log.nonce(), { uses: 1, direction: "in" });
    for (const one of [online, alone]) {
      if (one.code !== "test-passed") fault("canary-voucher", { reason: one.text });
    }
  } catch (error) {
    if (error instanceof Unreachable) fault("canary-no-network");
    else fault("canary-log");
  }
}
