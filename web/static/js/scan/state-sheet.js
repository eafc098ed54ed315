// @ts-check
/** Used by the scanner: the state of the device in words, for who asks, and the check before opening. */
import { battery } from "./syncing.js";
import * as words from "./words.js";

const CLOCK_MS = 5000;

/** What stands on the sheet. @param {import("./scanning.js").Scanning} scanning @returns {Promise<string[]>} */
export async function lines(scanning) {
  const { device, log, server, trust } = scanning;
  const [age, percent, kept] = [scanning.listAge, await battery(), await navigator.storage?.persisted?.()];
  const off = Math.abs(server.clock.offset);
  const found = [
    words.say("state-key", { name: [device.name, device.gate].filter(Boolean).join(", ") }),
    words.say(`tier-${scanning.tier}`),
    ...(scanning.tier !== "online" && scanning.countsGuests ? [words.say("alone-gates")] : []),
    age === null ? words.say("state-no-list") : words.say("state-list", { age: words.age(age * 1000) }),
    log.waiting ? words.say("state-queue", { count: log.waiting }) : words.say("state-queue-none"),
    off < CLOCK_MS ? words.say("state-clock-right") : words.say("state-clock", { seconds: Math.round(off / 1000) }),
  ];
  if (trust.policy.capped) {
    const spent = log.spentToday.day === words.day(server.clock.now()) ? log.spentToday.cents : 0;
    found.push(words.say("state-budget", { left: words.euros(Math.max(0, trust.policy.dayMax - spent)) }));
  }
  if (percent !== null) found.push(words.say("state-battery", { percent }));
  if (device.state !== "active") found.push(words.say(`device-${device.state}`));
  if (kept === false) found.push(words.say("state-storage"));
  return found;
}
