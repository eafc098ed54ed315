// @ts-check
/** Used by the scanner: its sentences in the language of this device, and how times and amounts are written. */

const COOKIE = "duiscoin_language";
export const LANGUAGES = ["de", "en", "tr"];
const LOCALES = /** @type {Record<string, string>} */ ({ de: "de-DE", en: "en-GB", tr: "tr-TR" });

/** @type {Record<string, Record<string, string>>} */
let all = {};
let language = document.documentElement.lang;

export const current = () => language;

/** @param {string} chosen */
export async function load(chosen) {
  all = await (await fetch("/scan/words.json")).json();
  choose(LANGUAGES.includes(chosen) ? chosen : document.documentElement.lang);
}

/** @param {string} chosen */
export function choose(chosen) {
  language = chosen;
  document.documentElement.lang = chosen;
  document.cookie = `${COOKIE}=${chosen}; Path=/scan; Max-Age=31536000; SameSite=Lax`;
  for (const place of document.querySelectorAll("[data-t]")) {
    place.textContent = say(/** @type {HTMLElement} */ (place).dataset.t ?? "");
  }
  for (const place of document.querySelectorAll("[data-t-label]")) {
    place.setAttribute("aria-label", say(/** @type {HTMLElement} */ (place).dataset.tLabel ?? ""));
  }
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(/** @type {HTMLElement} */ (button).dataset.language === chosen));
  }
}

/** @param {string} key */
export const knows = (key) => Boolean(all[language]?.[key]);

/** @param {string} key @param {Record<string, string | number>} [values] */
export function say(key, values = {}) {
  const text = all[language]?.[key] ?? "";
  return text.replace(/\{(\w+)\}|%\((\w+)\)s/g, (_, braces, percent) => String(values[braces ?? percent] ?? "-"));
}

/** Let an element say something, also after the language changes. @param {Element | null} place @param {string} key */
export function put(place, key) {
  if (!(place instanceof HTMLElement)) return;
  place.dataset.t = key;
  place.textContent = say(key);
}

const zone = () => document.body.dataset.zone;

/** @param {number} ms */
export const time = (ms) => new Intl.DateTimeFormat(LOCALES[language], { hour: "2-digit", minute: "2-digit", timeZone: zone() }).format(ms);

/** @param {number} ms */
export const date = (ms) => new Intl.DateTimeFormat(LOCALES[language], { day: "2-digit", month: "2-digit", year: "numeric", timeZone: zone() }).format(ms);

/** @param {number} cents */
export const euros = (cents) => new Intl.NumberFormat(LOCALES[language], { style: "currency", currency: "EUR" }).format(cents / 100);

/** By how much a phone's clock is off. @param {number} seconds */
export const clock = (seconds) => say(seconds < 0 ? "clock-slow" : "clock-fast", { seconds: Math.abs(seconds) });

/** The day in the city, as text that sorts. @param {number} ms */
export const day = (ms) => new Intl.DateTimeFormat("sv-SE", { timeZone: zone() }).format(ms);

/** @param {number} ms */
export function age(ms) {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return say("age-now");
  return minutes < 120 ? say("age-minutes", { count: minutes }) : say("age-hours", { count: Math.floor(minutes / 60) });
}
