// @ts-check
/**
 * Used on the page for checking (`[data-check]`), which staff open from their card: reckons the six digits that a
 * guest's phone must show now, remembers which numbers were confirmed, and keeps itself for when there is no network.
 * The key stands behind the `#` of the address: it is never sent and nowhere stored.
 */
import { centsOf, codeAt, readCard, STEP_SECONDS } from "./presented-code.js";

const REMEMBERED_MS = 600_000;
/** So long into a minute the digits of the one before are shown, too. */
const BEFORE_SECONDS = 20;
const page = /** @type {HTMLElement} */ (document.querySelector("[data-check]"));
/** @param {string} name */
const part = (name) => /** @type {HTMLElement} */ (page.querySelector(`[data-${name}]`));
const price = /** @type {HTMLInputElement} */ (document.getElementById("price"));
const number = /** @type {HTMLInputElement} */ (document.getElementById("number"));
const memory = `duiscoin-checked-${page.dataset.check}`;
const clock = new Intl.DateTimeFormat(page.dataset.language, { timeStyle: "medium", timeZone: page.dataset.zone });
/** How far this phone's clock is behind the server's. */
let behind = Number(localStorage.getItem("duiscoin-clock-behind") ?? 0);
let card = readCard(location.hash.slice(1));

const now = () => Date.now() + behind;

/** @returns {Record<string, number>} */
function confirmed() {
  const kept = Object.entries(JSON.parse(localStorage.getItem(memory) ?? "{}"));
  return Object.fromEntries(kept.filter(([, at]) => now() - Number(at) < REMEMBERED_MS));
}

function typed() {
  const cents = centsOf(price.value);
  return card && cents !== null && /^\d{3}$/.test(number.value) ? { cents, number: Number(number.value) } : null;
}

async function show() {
  part("clock").textContent = clock.format(now());
  const early = card !== null && card.begins * 1000 > now();
  part("no-card").hidden = card !== null;
  part("not-yet").hidden = !early;
  part("form").hidden = card === null || early;
  part("card-line").hidden = card === null;
  part("card").textContent = String(card?.version ?? "");
  const asked = typed();
  const again = asked !== null && number.value in confirmed();
  part("waiting").hidden = asked !== null;
  part("again").hidden = !again;
  part("result").hidden = part("answers").hidden = asked === null || again;
  if (!card || !asked) return;
  const at = now() / 1000;
  const write = (/** @type {string} */ code) => `${code.slice(0, 3)} ${code.slice(3)}`;
  part("code").textContent = write(await codeAt(card.key, asked.number, asked.cents, at));
  part("before").hidden = at % STEP_SECONDS >= BEFORE_SECONDS;
  part("code-before").textContent = write(await codeAt(card.key, asked.number, asked.cents, at - STEP_SECONDS));
}

function clear() {
  price.value = number.value = "";
  void show();
}

async function measure() {
  try {
    const answer = await fetch("/check/now.json", { cache: "no-store" });
    const { unix } = await answer.json();
    behind = unix * 1000 - Date.now();
    localStorage.setItem("duiscoin-clock-behind", String(behind));
    await show();
  } catch {
    // Without a network what was measured before holds.
  }
}

/** Keep the page and all that it loaded, so that it opens without a network, too. */
async function keep() {
  if (!("serviceWorker" in navigator) || !("caches" in window)) return;
  try {
    await navigator.serviceWorker.register(page.dataset.worker ?? "", { scope: "/check/" });
    const loaded = performance.getEntriesByType("resource").map((one) => new URL(one.name));
    const mine = loaded.filter((one) => one.origin === location.origin && /^\/(static\/|city\.css)/.test(one.pathname));
    const cache = await caches.open("duiscoin-check");
    await cache.addAll([...new Set([location.pathname, ...mine.map((one) => one.pathname + one.search)])]);
  } catch {
    // The page works as long as it is open.
  }
}

for (const field of [price, number]) {
  field.addEventListener("input", () => {
    part("agreed").hidden = part("advice").hidden = true;
    void show();
  });
}
for (const button of page.querySelectorAll("[data-cents]")) {
  button.addEventListener("click", () => {
    const sum = (centsOf(price.value) ?? 0) + Number(/** @type {HTMLElement} */ (button).dataset.cents);
    price.value = (sum / 100).toFixed(2).replace(".", page.dataset.language === "en" ? "." : ",");
    part("agreed").hidden = true;
    void show();
  });
}
page.querySelector("[data-clear]")?.addEventListener("click", clear);
part("agree").addEventListener("click", () => {
  localStorage.setItem(memory, JSON.stringify({ ...confirmed(), [number.value]: now() }));
  clear();
  part("agreed").hidden = false;
  part("advice").hidden = true;
});
part("differ").addEventListener("click", () => {
  part("advice").hidden = false;
});
addEventListener("hashchange", () => {
  card = readCard(location.hash.slice(1));
  void show();
});

await show();
setInterval(show, 1000);
void measure();
void keep();
