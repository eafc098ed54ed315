// @ts-check
/**
 * Used by the scanner to start without a network. The server puts VERSION and FILES in front of it and serves it as
 * /scan/worker.js. All files come from one version: a new one is loaded whole before it takes over.
 */

/** @type {any} */
const scope = self;
// @ts-ignore -- declared in the lines that the server adds
const [version, files] = /** @type {[string, string[]]} */ ([VERSION, FILES]);
const NAME = `duiscoin-scan-${version}`;

scope.addEventListener("install", (/** @type {any} */ event) => {
  const whole = files.map((path) => new Request(path, { cache: "reload" }));
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(whole)).then(() => scope.skipWaiting()));
});

scope.addEventListener("activate", (/** @type {any} */ event) => {
  const clear = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("duiscoin-scan-") && name !== NAME) await caches.delete(name);
    }
    await scope.clients.claim();
  };
  event.waitUntil(clear());
});

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== "GET" || url.origin !== location.origin || url.pathname.startsWith("/api/")) return;
  if (request.mode === "navigate") event.respondWith(shell());
  else event.respondWith(kept(request, url.pathname + url.search));
});

async function shell() {
  return (await caches.match("/scan", { cacheName: NAME })) ?? fetch("/scan");
}

/** @param {Request} request @param {string} path */
async function kept(request, path) {
  return (files.includes(path) && (await caches.match(path, { cacheName: NAME }))) || fetch(request);
}
