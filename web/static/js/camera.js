// @ts-check
/**
 * Used by scanner.js and scan/app.js: opens the camera and gives its pictures to scanner-worker.js, which finds the
 * codes. A code that stays before the camera counts once: only after three seconds without it it may come again.
 */

const SIDE = 640; // A code that fills the frame spans 250 to 500 pixels of it: best for the decoder.
const PAUSE_MS = 1000 / 15;
const SAME_CODE_MS = 3000;
/** Lenses of an iPhone that focus near; the usual one needs more distance than a code on a phone has. */
const NEAR_LENS = /(back|rück).*(dual wide|triple|dual-weitwinkel|dreifach)/i;

/** @typedef {{ worker: string, reader: string, wasm: string }} Decoder addresses */
/** @typedef {"insecure" | "missing" | "denied" | "broken"} Trouble */

export class Camera {
  /**
   * @param {HTMLVideoElement} video
   * @param {Decoder} decoder
   * @param {{ seen: (text: string) => Promise<void> | void, closed: () => void, trouble: (what: Trouble) => void }} tell
   */
  constructor(video, decoder, tell) {
    this.video = video;
    this.decoder = decoder;
    this.tell = tell;
    /** @type {Worker | undefined} */ this.worker = undefined;
    /** @type {MediaStream | undefined} */ this.stream = undefined;
    this.decoding = false;
    this.asking = false;
    this.last = { text: "", seen: -Infinity };
    this.pictured = -Infinity;
  }

  /** @returns {MediaStreamTrack | undefined} */
  get track() {
    return this.stream?.getVideoTracks()[0];
  }

  /** What the camera can do besides: torch and zoom, where the browser says so. @returns {any} */
  get capabilities() {
    return this.track?.getCapabilities?.() ?? {};
  }

  /** Whether it could be opened. */
  async open() {
    if (!isSecureContext || !navigator.mediaDevices) {
      this.tell.trouble("insecure");
      return false;
    }
    try {
      this.stream = await this.film({ facingMode: { ideal: "environment" } });
      const near = await nearLens();
      if (near) {
        this.stop();
        this.stream = await this.film({ deviceId: { exact: near } });
      }
      this.video.srcObject = this.stream;
      await this.video.play();
    } catch (error) {
      this.close();
      this.tell.trouble(reason(error));
      return false;
    }
    this.track?.addEventListener("ended", () => this.close());
    this.worker ??= this.hire();
    this.next();
    return true;
  }

  /** @param {MediaTrackConstraints} which */
  film(which) {
    return navigator.mediaDevices.getUserMedia({ audio: false, video: { ...which, width: { ideal: 1920 }, height: { ideal: 1080 } } });
  }

  stop() {
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = undefined;
  }

  close() {
    this.stop();
    this.video.srcObject = null;
    this.tell.closed();
  }

  /** @param {Record<string, unknown>} wanted torch or zoom */
  set(wanted) {
    void this.track?.applyConstraints(/** @type {any} */ ({ advanced: [wanted] })).catch(() => {});
  }

  hire() {
    const absolute = (/** @type {string} */ address) => new URL(address, location.href).href;
    const hired = new Worker(this.decoder.worker);
    const broken = () => {
      this.close();
      this.tell.trouble("broken");
      hired.terminate();
      this.worker = undefined;
      this.decoding = false;
    };
    this.decoding = true;
    hired.onerror = broken;
    hired.onmessage = ({ data }) => {
      if (data.failed) return broken();
      this.decoding = false;
      if (data.text) void this.seen(data.text);
    };
    hired.postMessage({ reader: absolute(this.decoder.reader), wasm: absolute(this.decoder.wasm) });
    return hired;
  }

  next() {
    if (!this.stream) return;
    if ("requestVideoFrameCallback" in this.video) this.video.requestVideoFrameCallback(() => void this.picture());
    else requestAnimationFrame(() => void this.picture());
  }

  /** Hand the middle square of the present frame to the worker, unless it is busy or had one a moment ago. */
  async picture() {
    const now = performance.now();
    const { videoWidth: width, videoHeight: height } = this.video;
    if (this.worker && !this.decoding && !this.asking && now - this.pictured >= PAUSE_MS && width > 0) {
      this.decoding = true;
      this.pictured = now;
      const side = Math.min(width, height);
      try {
        const size = { resizeWidth: SIDE, resizeHeight: SIDE };
        const bitmap = await createImageBitmap(this.video, (width - side) / 2, (height - side) / 2, side, side, size);
        this.worker.postMessage({ bitmap }, [bitmap]);
      } catch {
        this.decoding = false; // The camera was closed while the picture was taken.
      }
    }
    this.next();
  }

  /** @param {string} text */
  async seen(text) {
    const now = performance.now();
    const again = text === this.last.text && now - this.last.seen < SAME_CODE_MS;
    this.last = { text, seen: now };
    if (again || this.asking) return;
    this.asking = true;
    try {
      await this.tell.seen(text);
    } finally {
      this.asking = false;
      this.last.seen = performance.now();
    }
  }
}

/** The number of an iPhone's lens that focuses near, if it has one. @returns {Promise<string | undefined>} */
async function nearLens() {
  if (!/iPhone|iPad/.test(navigator.userAgent)) return undefined;
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.find((one) => one.kind === "videoinput" && NEAR_LENS.test(one.label))?.deviceId;
}

/** @param {unknown} error @returns {Trouble} */
function reason(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "broken";
}
