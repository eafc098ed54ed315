// @ts-check
/**
 * Used by the citizens' app, so that vouchers are there without a network. `wallet.js` registers it; the server puts
 * VERSION and FILES in front of it and serves it as /wallet-worker.js. Whatever the network answers is shown; what was
 * kept is for when it does not answer. Signing out, in or deleting the account forgets all of it.
 */

/** @type {any} */
const scope = self;
// @ts-ignore -- declared in the lines that the server adds
const [version, files] = /** @type {[string, string[]]} */ ([VERSION, FILES]);
const SHELL = `duiscoin-app-${version}`;
const WALLET = "duiscoin-wallet";
const OFFLINE = "/offline";
const PATIENCE_MS = 5000;
const RECENT_MS = 900_000;
const KEPT_AT = "X-Kept-At";
/** A kept page may do no more than a fresh one. */
const AS_SENT = ["Content-Type", "Content-Security-Policy", "Referrer-Policy", "Permissions-Policy", "X-Content-Type-Options"];
const VOUCHER = /^\/vouchers(\/[0-9a-f]+)?$/;
const KEYS = /^\/api\/v1\/vouchers\/[0-9a-f]+\/live-keys$/;
const OTHERS = /^\/(api|check|log|office|scan|static|treasury|venue)(\/|$)/;
const ANOTHER_PERSON = /^\/(sign-in|sign-out|account\/delete)/;

scope.addEventListener("install", (/** @type {any} */ event) => {
  event.waitUntil(caches.open(SHELL).then((cache) => cache.addAll(files)).then(() => scope.skipWaiting()));
});

scope.addEventListener("activate", (/** @type {any} */ event) => {
  const clear = async () => {
    for (const name of await caches.keys()) {
      if (name.startsWith("duiscoin-app-") && name !== SHELL) await caches.delete(name);
    }
    await scope.clients.claim();
  };
  event.waitUntil(clear());
});

scope.addEventListener("message", (/** @type {any} */ event) => event.waitUntil(keepAll(event.data.keep, event.data.whole)));

scope.addEventListener("fetch", (/** @type {any} */ event) => {
  const { request } = event;
  const { origin, pathname, search } = new URL(request.url);
  if (origin !== location.origin) return;
  if (request.method !== "GET") {
    if (ANOTHER_PERSON.test(pathname)) event.waitUntil(caches.delete(WALLET));
  } else if (request.mode === "navigate") {
    if (!OTHERS.test(pathname)) event.respondWith(page(request, pathname, search === ""));
  } else if (KEYS.test(pathname)) {
    event.respondWith(answer(request, pathname, true));
  } else if (files.includes(pathname + search)) {
    event.respondWith(fetch(request).catch(() => caches.match(pathname + search, { cacheName: SHELL })));
  }
});

/** @param {Request} request @param {string} path @param {boolean} plain */
async function page(request, path, plain) {
  return (await answer(request, path, plain)) ?? (await caches.match(OFFLINE, { cacheName: SHELL })) ?? Response.error();
}

/** The network's answer, or else what is kept. @param {Request} request @param {string} path @param {boolean} plain whether it may be kept */
async function answer(request, path, plain) {
  const kept = await caches.match(path, { cacheName: WALLET });
  try {
    const fresh = await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
    if (plain && (VOUCHER.test(path) || KEYS.test(path))) await keep(path, fresh.clone());
    return fresh;
  } catch (lost) {
    if (kept) return KEYS.test(path) ? grownOlder(kept) : marked(kept);
    if (KEYS.test(path)) throw lost;
    return undefined;
  }
}

/** Keep what somebody's own pages show; who is led to sign in has nothing kept. @param {string} path @param {Response} fresh */
async function keep(path, fresh) {
  if (fresh.type === "opaqueredirect" || fresh.redirected) return void (await caches.delete(WALLET));
  const cache = await caches.open(WALLET);
  if (fresh.status !== 200) {
    if (fresh.status < 500) await cache.delete(path);
    return;
  }
  const headers = new Headers({ [KEPT_AT]: String(Date.now()) });
  for (const name of AS_SENT) headers.set(name, fresh.headers.get(name) ?? "");
  await cache.put(path, new Response(await fresh.blob(), { headers }));
}

/** Keep these vouchers with the keys of their moving codes. @param {string[]} paths @param {boolean} whole whether there are no others */
async function keepAll(paths, whole) {
  const wanted = paths.filter((path) => VOUCHER.test(path)).flatMap((path) => [path, `/api/v1${path}/live-keys`]);
  if (whole) {
    const cache = await caches.open(WALLET);
    for (const { url } of await cache.keys()) {
      const path = new URL(url).pathname;
      if (path !== "/vouchers" && !wanted.includes(path)) await cache.delete(path);
    }
    wanted.push("/vouchers");
  }
  for (const path of wanted) {
    const kept = whole && (await caches.match(path, { cacheName: WALLET }));
    if (kept && Date.now() - Number(kept.headers.get(KEPT_AT)) < RECENT_MS) continue;
    await fetch(path, { credentials: "same-origin" }).then((fresh) => keep(path, fresh)).catch(() => undefined);
  }
}

/** A kept page says that it is one. @param {Response} kept */
async function marked(kept) {
  const text = (await kept.text()).replaceAll("data-kept hidden", "data-kept");
  return new Response(text, { headers: kept.headers });
}

/** Kept keys tell the server's time as it is now, by this phone's clock. @param {Response} kept */
async function grownOlder(kept) {
  const told = await kept.json();
  const age = Date.now() - Number(kept.headers.get(KEPT_AT));
  return Response.json({ ...told, server_time: new Date(Date.parse(told.server_time) + age).toISOString() });
}
