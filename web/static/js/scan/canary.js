// @ts-check
/** Used by the scanner: "check before opening": goes through everything that a scan needs and says what is missing. */
import * as events from "./events.js";
import * as words from "./words.js";

const CLOCK_MS = 30_000;

/** Sentences about what is not in order. @param {import("./scanning.js").Scanning} scanning @param {import("./syncing.js").Syncing} syncing @returns {Promise<string[]>} */
export async function check(scanning, syncing) {
  await syncing.now();
  const { device, server, trust } = scanning;
  /** @type {string[]} */ const faults = [];
  const fault = (/** @type {string} */ key, /** @type {Record<string, string | number>} */ values = {}) => faults.push(words.say(key, values));
  if (!scanning.online) fault("canary-no-network");
  if (!trust.keys.length) fault("canary-no-keys");
  const age = scanning.listAge;
  if (age === null) fault("canary-no-list");
  else if (trust.policy && age > trust.policy.listAgeMax) fault("canary-list-old");
  if (Math.abs(server.clock.offset) > CLOCK_MS) fault("canary-clock", { seconds: Math.round(Math.abs(server.clock.offset) / 1000) });
  if (device.state !== "active") fault(`device-${device.state}`);
  const cameras = (await navigator.mediaDevices?.enumerateDevices?.())?.filter((one) => one.kind === "videoinput") ?? [];
  if (!cameras.length) fault("canary-no-camera", { reason: words.say("camera-missing") });
  try {
    await scanning.log.add(scanning.entry({ kind: events.KINDS.note, decision: "note", more: new Map([[events.MORE.text, "canary"]]) }));
  } catch {
    fault("canary-log");
  }
  return faults;
}
