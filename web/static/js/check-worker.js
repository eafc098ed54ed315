// @ts-check
/**
 * Used by the page for checking to start without a network; served as /check/worker.js. What `check.js` has kept is
 * given when the network does not answer. It never sees the key, which stands behind the `#`.
 */

/** @type {any} */
const scope = self;
const NAME = "duiscoin-check";
const PATIENCE_MS = 4000;

scope.addEventListener("install", () => scope.skipWaiting());
scope.addEventListener("activate", (/** @type {any} */ event) => event.waitUntil(scope.clients.claim()));
scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method === "GET" && origin === location.origin && pathname !== "/check/now.json") event.respondWith(answer(request));
});

/** @param {Request} request */
async function answer(request) {
  const kept = await caches.match(request, { cacheName: NAME, ignoreSearch: request.mode === "navigate" });
  try {
    return await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
  } catch (lost) {
    if (kept) return kept;
    throw lost;
  }
}
