// @ts-check
/**
 * Used on the list of vouchers and on the page of each: has `wallet-worker.js` keep them for when there is no network.
 * On the list, links with `data-keep` are those that can still be used; kept ones that are not among them are forgotten.
 */
async function keep() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/wallet-worker.js", { scope: "/" });
  const { active } = await navigator.serviceWorker.ready;
  // A page that the worker has handed out itself is kept already; one with a notice on it is not.
  const known = navigator.serviceWorker.controller !== null && location.search === "";
  const list = document.querySelector("[data-wallet]");
  if (!(list instanceof HTMLElement) || !navigator.onLine) return;
  const links = [...list.querySelectorAll("a[data-keep]")].map((link) => new URL(/** @type {HTMLAnchorElement} */ (link).href).pathname);
  const whole = list.dataset.wallet === "whole";
  if (whole || !known) active?.postMessage({ keep: whole ? links : [location.pathname], whole });
}

// Private windows and full disks refuse: then vouchers need the network, as before.
keep().catch(() => undefined);
