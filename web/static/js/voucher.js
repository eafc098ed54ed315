// @ts-check
/**
 * Used on the page of a voucher: keeps the screen on while the code is shown, where the browser can.
 */
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
