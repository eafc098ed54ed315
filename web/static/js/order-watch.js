// @ts-check
/**
 * Used on the page of an order that waits for its money (`data-order-watch` with the API's address of the order and
 * `data-order-state` with what the page shows): looks every few seconds and shows the page anew when it has changed.
 * Without it the page has a link to look again.
 */
const EVERY_MS = 5000;
const watched = document.querySelector("[data-order-watch]");

async function look() {
  if (!(watched instanceof HTMLElement) || document.visibilityState !== "visible") return;
  try {
    const answer = await fetch(watched.dataset.orderWatch ?? "", { headers: { Accept: "application/json" } });
    if (!answer.ok) return;
    const order = await answer.json();
    const state = `${order.status} ${order.page_url ? "page" : "none"}`;
    if (state !== watched.dataset.orderState) location.reload();
  } catch {
    // No network for a moment: the next look tells.
  }
}
if (watched) setInterval(look, EVERY_MS);
