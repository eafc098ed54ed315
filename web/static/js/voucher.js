// @ts-check
/**
 * Used on the page of a voucher: keeps the screen on while the code is shown, where the browser can, and on its
 * last day counts down what is left (the macro `w.countdown`: `data-countdown` with `data-until`, an RFC 3339
 * instant, and `data-time-left` inside).
 */
const DAY_MS = 86_400_000;

async function keepAwake() {
  if (!document.querySelector("[data-voucher]") || document.visibilityState !== "visible") return;
  try {
    await navigator.wakeLock?.request("screen");
  } catch {
    // The browser may refuse, for example at low battery; the code is shown all the same.
  }
}
document.addEventListener("visibilitychange", keepAwake);
keepAwake();

for (const countdown of document.querySelectorAll("[data-countdown]")) {
  if (!(countdown instanceof HTMLElement)) continue;
  const end = Date.parse(countdown.dataset.until ?? "");
  const shown = countdown.querySelector("[data-time-left]");
  const tick = () => {
    const left = end - Date.now();
    countdown.hidden = !(left > 0 && left <= DAY_MS);
    if (shown) shown.textContent = clock(left);
  };
  setInterval(tick, 1000);
  tick();
}

/** @param {number} milliseconds */
function clock(milliseconds) {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  return `${Math.floor(seconds / 3600)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
