// @ts-check
/** Used by the scanner: calls to the city's server as this device, and what its clock says. */

const TIMEOUT_MS = 8000;

/** The server answered, and refused. */
export class Answered extends Error {
  /** @param {number} status @param {string} code @param {string} sentence */
  constructor(status, code, sentence) {
    super(code);
    this.status = status;
    this.code = code;
    this.sentence = sentence;
  }
}

/** No answer, or none of the server: whether the request counted is not known. */
export class Unreachable extends Error {}

export class Server {
  /** @param {string} token @param {() => string} language */
  constructor(token, language) {
    this.token = token;
    this.language = language;
    this.clock = new Clock();
  }

  /** @param {string} path @param {{ timeout?: number }} [options] */
  get(path, options = {}) {
    return this.call("GET", path, undefined, options);
  }

  /** @param {string} path @param {unknown} body @param {{ timeout?: number, key?: string }} [options] */
  post(path, body, options = {}) {
    return this.call("POST", path, body, options);
  }

  /** @param {string} method @param {string} path @param {unknown} body @param {{ timeout?: number, key?: string }} options @returns {Promise<any>} */
  async call(method, path, body, { timeout = TIMEOUT_MS, key = crypto.randomUUID() }) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json", "Accept-Language": this.language() };
    if (this.token) headers.Authorization = `Bearer ${this.token}`;
    if (method !== "GET") Object.assign(headers, { "Content-Type": "application/json", "Idempotency-Key": key });
    // The device is who asks, whoever is signed in in this browser.
    const options = { method, headers, body: body === undefined ? undefined : JSON.stringify(body), credentials: /** @type {const} */ ("omit"), signal: AbortSignal.timeout(timeout) };
    const asked = performance.now();
    let answer;
    let told;
    try {
      answer = await fetch(path, options);
      told = await answer.json();
    } catch (error) {
      throw new Unreachable(String(error));
    }
    if (answer.status >= 500) throw new Unreachable(String(answer.status));
    if (!answer.ok) throw new Answered(answer.status, told.code ?? "", told.detail ?? told.title ?? "");
    if (told.server_time) this.clock.set(Date.parse(told.server_time), asked);
    return told;
  }
}

/** The server's time by a clock that only counts on: who turns the device's clock back turns nothing back here. */
export class Clock {
  constructor() {
    this.anchor = 0;
    this.offset = 0;
    this.counter = performance.now();
  }

  /** @param {number} server milliseconds, told in an answer @param {number} asked when it was asked for, by `performance.now()` */
  set(server, asked) {
    const now = performance.now();
    this.anchor = server;
    this.counter = now;
    this.offset = Math.round(server + (now - asked) / 2 - Date.now());
  }

  /** Go on from an earlier start of the app. @param {{ anchor: number, offset: number } | undefined} kept */
  restore(kept) {
    if (!kept) return;
    this.anchor = kept.anchor;
    this.offset = kept.offset;
    this.counter = performance.now();
  }

  /** Milliseconds since 1970, as the server would say. */
  now() {
    return Math.max(this.anchor + performance.now() - this.counter, Date.now() + this.offset);
  }
}
