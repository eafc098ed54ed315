// @ts-check
/** Used by the scanner: how a browser becomes a device of a venue (docs/scan-log.md section 1). */
import { joined, toBase64 } from "./bytes.js";
import { Answered, Server } from "./server.js";
import * as store from "./store.js";

const DOMAIN = new TextEncoder().encode("duiscoin-device-enrolment-v1\0");
const SECRET = /^[0-9A-HJKMNP-TV-Z]{16}$/;

/** @typedef {{ id: string, venueId: number, venue: string, gate: string, name: string, offers: number[] | null, state: string, direction: "in" | "out" | "both" }} Device */

/** Why this browser can't be a device, or null. @returns {Promise<"browser-insecure" | "browser-old" | "browser-private" | null>} */
export async function obstacle() {
  if (!isSecureContext || !crypto.subtle) return "browser-insecure";
  try {
    await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
    if (!navigator.locks || !("DecompressionStream" in window) || !AbortSignal.timeout) return "browser-old";
  } catch {
    return "browser-old";
  }
  try {
    await store.get("token");
  } catch {
    return "browser-private";
  }
  return null;
}

/** The secret as the server knows it, or null. @param {string} typed */
export function secretIn(typed) {
  const plain = typed.toUpperCase().replace(/[\s-]/g, "").replace(/O/g, "0").replace(/[IL]/g, "1");
  return SECRET.test(plain) ? plain : null;
}

/** Become a device. The key pair is made here and its private half never leaves. @param {string} secret @param {() => string} language @returns {Promise<Device>} */
export async function enrol(secret, language) {
  // The same pair again if an answer was lost: then the server gives the same device.
  const kept = await store.get("enrolling");
  const keys = kept?.secret === secret ? kept.keys : await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"]);
  await store.put({ enrolling: { secret, keys } });
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", keys.publicKey));
  const signed = joined(DOMAIN, new TextEncoder().encode(secret));
  const signature = new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, signed));
  const body = { secret, public_key: toBase64(publicKey), signature: toBase64(signature) };
  const told = await new Server("", language).post("/api/v1/devices/enrolments", body);
  const device = read(told);
  const link = { seq: 0, head: new Uint8Array(await crypto.subtle.digest("SHA-256", publicKey)) };
  await store.restart({ device, token: told.token, keys, "public-key": publicKey, link });
  await navigator.storage?.persist?.();
  return device;
}

/** @param {any} told an answer that describes the device @returns {Device} */
export function read(told) {
  return {
    id: String(told.device_id), venueId: told.venue_id, venue: told.venue_name ?? told.venue ?? "", gate: told.gate ?? "",
    name: told.name ?? "", offers: told.offer_ids ?? null, state: told.state ?? "active", direction: told.direction ?? "in",
  };
}

/** What to say of a refusal. @param {unknown} error @returns {{ key: string, sentence: string }} */
export function refusal(error) {
  if (!(error instanceof Answered)) return { key: "enrol-offline", sentence: "" };
  const known = /** @type {Record<string, string>} */ ({ "invitation-unknown": "enrol-unknown", "invitation-expired": "enrol-expired", "invitation-used": "enrol-used", "venue-suspended": "venue-paused" });
  return { key: known[error.code] ?? "enrol-refused", sentence: error.sentence };
}
