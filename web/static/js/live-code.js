// @ts-check
/**
 * Used on the page of a voucher that can be used: makes its code move. The server's own picture stands there until
 * then, and stays if anything is missing (no script, no secure page, no keys).
 *
 * `[data-live]` names where the keys come from; within it `[data-live-code]` holds the picture, and
 * `[data-live-sign]` the bar that shows how long this one lasts. docs/voucher-format.md says how a code is made.
 */
import { correction, generate } from "../vendor/lean-qr/lean-qr.js";

const ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const DAY_SECONDS = 86_400;
const TAG_BYTES = 8;
const QUIET_ZONE = 4;
const SVG = "http://www.w3.org/2000/svg";
const ASK_AGAIN_MS = 300_000;

/** The generator comes without types. @type {(text: string, options: object) => { size: number, get: (x: number, y: number) => boolean }} */
const draw = /** @type {any} */ (generate);

/** @typedef {{ token: Uint8Array<ArrayBuffer>, keys: Map<number, CryptoKey>, step: number, ahead: number }} Live */

/** @param {string} hex */
const bytes = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (two) => Number.parseInt(two, 16));

/** Base45 (RFC 9285). @param {Uint8Array} data */
function base45(data) {
  let text = "";
  for (let at = 0; at < data.length; at += 2) {
    const pair = at + 1 < data.length;
    let value = pair ? data[at] * 256 + data[at + 1] : data[at];
    for (let left = pair ? 3 : 2; left > 0; left -= 1) {
      text += ALPHABET[value % 45];
      value = Math.floor(value / 45);
    }
  }
  return text;
}

/** The shortest CBOR of a number of up to 16 bits, with a major type in front. @param {number} major @param {number} value */
function head(major, value) {
  if (value < 24) return [major | value];
  return value < 256 ? [major | 24, value] : [major | 25, value >> 8, value & 255];
}

/** Ask for the keys; how far the phone's clock is off is taken from the same answer. @param {string} url */
async function ask(url) {
  const answer = await fetch(url, { headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(String(answer.status));
  const told = await answer.json();
  /** @type {Map<number, CryptoKey>} */
  const keys = new Map();
  for (const one of told.keys) {
    keys.set(one.day, await crypto.subtle.importKey("raw", bytes(one.key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]));
  }
  const ahead = Date.now() - Date.parse(told.server_time);
  return { token: bytes(told.token), keys, step: told.step_seconds, ahead };
}

/** @param {Live} live @param {number} step @returns {Promise<string | null>} */
async function textAt(live, step) {
  const key = live.keys.get(Math.floor((step * live.step) / DAY_SECONDS));
  if (!key) return null;
  const signed = new Uint8Array(live.token.length + 4);
  signed.set(live.token);
  new DataView(signed.buffer).setUint32(live.token.length, step);
  const tag = new Uint8Array(await crypto.subtle.sign("HMAC", key, signed)).slice(0, TAG_BYTES);
  const made = [0x83, ...head(0x40, live.token.length), ...live.token, ...head(0x00, step % 65_536), 0x40 | TAG_BYTES, ...tag];
  return `DC1:${base45(Uint8Array.from(made))}`;
}

/** @param {string} text @param {string} title */
function picture(text, title) {
  const code = draw(text, { minCorrectionLevel: correction.M, maxCorrectionLevel: correction.M });
  const side = code.size + 2 * QUIET_ZONE;
  let path = "";
  for (let y = 0; y < code.size; y += 1) {
    for (let x = 0; x < code.size; x += 1) {
      if (code.get(x, y)) path += `M${x + QUIET_ZONE} ${y + QUIET_ZONE}h1v1h-1z`;
    }
  }
  const svg = document.createElementNS(SVG, "svg");
  for (const [name, value] of Object.entries({ viewBox: `0 0 ${side} ${side}`, role: "img", class: "qr-code", "shape-rendering": "crispEdges" })) svg.setAttribute(name, value);
  const label = document.createElementNS(SVG, "title");
  label.textContent = title;
  svg.append(label);
  for (const [fill, shape] of [["#fff", `M0 0h${side}v${side}h-${side}z`], ["#000", path]]) {
    const drawn = document.createElementNS(SVG, "path");
    drawn.setAttribute("fill", fill);
    drawn.setAttribute("d", shape);
    svg.append(drawn);
  }
  return svg;
}

/** @param {HTMLElement} place */
async function run(place) {
  const holder = place.querySelector("[data-live-code]");
  const sign = place.querySelector("[data-live-sign]");
  const bar = sign?.querySelector("progress");
  const url = place.dataset.live ?? "";
  if (!holder || !(sign instanceof HTMLElement) || !bar || !globalThis.crypto?.subtle) return;
  const title = holder.querySelector("title")?.textContent ?? "";
  let live = await ask(url);
  let asked = Date.now();
  let shown = 0;
  const tick = async () => {
    if (document.visibilityState !== "visible") return;
    const now = (Date.now() - live.ahead) / 1000;
    const step = Math.floor(now / live.step);
    bar.value = live.step - (now % live.step);
    bar.max = live.step;
    if (step === shown) return;
    shown = step;
    const text = await textAt(live, step);
    if (text === null) return;
    holder.replaceChildren(picture(text, title));
    place.dataset.liveText = text;
    sign.hidden = false;
  };
  const again = async () => {
    if (document.visibilityState !== "visible" || Date.now() - asked < ASK_AGAIN_MS) return;
    asked = Date.now();
    // Without a network the keys that are here last for days.
    live = await ask(url).catch(() => live);
    shown = 0;
  };
  document.addEventListener("visibilitychange", () => again().then(tick));
  setInterval(() => again().then(tick), 250);
  await tick();
}

for (const place of document.querySelectorAll("[data-live]")) {
  if (place instanceof HTMLElement) run(place).catch(() => place.removeAttribute("data-live-text"));
}
