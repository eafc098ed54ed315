// @ts-check
/**
 * Used where a venue scans (the macro `w.scanner`): the camera's pictures go to scanner-worker.js, the text of a
 * code goes to the server with the form, and the answer's element `data-verdict` is shown.
 *
 *   data-scanner            the whole; data-worker, data-reader, data-wasm are addresses
 *   data-scanner-form       the form for a typed code, field `code`; works without this script
 *   data-scanner-start, -stop, -torch    buttons, shown when they make sense
 *   data-scanner-camera     contains the video
 *   data-scanner-result     where the verdict is shown
 *   template data-scanner-message="insecure | missing | denied | broken | offline | refused"    what to say when
 */
import { signal, prepareSignals } from "./scanner-signals.js";

const SIDE = 640; // A code that fills the frame spans 250 to 500 pixels of it: best for the decoder.
const PAUSE_MS = 1000 / 15;
const SAME_CODE_MS = 3000;

/** @param {HTMLElement} root */
function start(root) {
  const find = (/** @type {string} */ name) => {
    const found = root.querySelector(`[data-scanner-${name}]`);
    if (!(found instanceof HTMLElement)) throw new Error(`scanner without ${name}`);
    return found;
  };
  const form = /** @type {HTMLFormElement} */ (find("form"));
  const [camera, result, startButton, stopButton, torchButton] = ["camera", "result", "start", "stop", "torch"].map(find);
  const video = /** @type {HTMLVideoElement} */ (camera.querySelector("video"));
  /** @type {Worker | undefined} */ let worker;
  /** @type {MediaStream | undefined} */ let stream;
  let decoding = false;
  let asking = false;
  let last = { text: "", seen: -Infinity };
  let unanswered = { code: "", key: "" };
  let pictured = -Infinity;

  const say = (/** @type {string} */ message) => {
    const template = root.querySelector(`template[data-scanner-message="${message}"]`);
    if (template instanceof HTMLTemplateElement) result.replaceChildren(template.content.cloneNode(true));
    signal("red");
  };

  async function open() {
    prepareSignals();
    if (!isSecureContext || !navigator.mediaDevices) return say("insecure");
    startButton.hidden = true;
    try {
      stream = await navigator.mediaDevices.getUserMedia({
        audio: false,
        video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 }, height: { ideal: 1080 } },
      });
      video.srcObject = stream;
      await video.play();
    } catch (error) {
      close();
      return say(reason(error));
    }
    camera.hidden = stopButton.hidden = false;
    const track = stream.getVideoTracks()[0];
    track.addEventListener("ended", close);
    torchButton.hidden = !("torch" in (track.getCapabilities?.() ?? {}));
    worker ??= hire();
    next();
  }

  function close() {
    for (const track of stream?.getTracks() ?? []) track.stop();
    stream = undefined;
    video.srcObject = null;
    camera.hidden = stopButton.hidden = torchButton.hidden = true;
    startButton.hidden = false;
  }

  function hire() {
    const hired = new Worker(/** @type {string} */ (root.dataset.worker));
    const broken = () => {
      close();
      say("broken");
      hired.terminate();
      worker = undefined;
      decoding = false;
    };
    decoding = true;
    hired.onerror = broken;
    hired.onmessage = ({ data }) => {
      if (data.failed) return broken();
      decoding = false;
      if (data.text) void seen(data.text);
    };
    const absolute = (/** @type {string | undefined} */ address) => new URL(address ?? "", location.href).href;
    hired.postMessage({ reader: absolute(root.dataset.reader), wasm: absolute(root.dataset.wasm) });
    return hired;
  }

  function next() {
    if (!stream) return;
    if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(() => void picture());
    else requestAnimationFrame(() => void picture());
  }

  /** Hand the middle square of the present frame to the worker, unless it is busy or had one a moment ago. */
  async function picture() {
    const now = performance.now();
    if (worker && !decoding && !asking && now - pictured >= PAUSE_MS && video.videoWidth > 0) {
      decoding = true;
      pictured = now;
      const side = Math.min(video.videoWidth, video.videoHeight);
      const [x, y] = [(video.videoWidth - side) / 2, (video.videoHeight - side) / 2];
      try {
        const size = { resizeWidth: SIDE, resizeHeight: SIDE };
        const bitmap = await createImageBitmap(video, x, y, side, side, size);
        worker.postMessage({ bitmap }, [bitmap]);
      } catch {
        decoding = false; // The camera was closed while the picture was taken.
      }
    }
    next();
  }

  /** A code held before the camera counts once: only after three seconds without it it may come again. */
  async function seen(/** @type {string} */ text) {
    const now = performance.now();
    const again = text === last.text && now - last.seen < SAME_CODE_MS;
    last = { text, seen: now };
    if (!again) await ask(text);
  }

  async function ask(/** @type {string} */ code) {
    if (asking) return;
    asking = true;
    result.setAttribute("aria-busy", "true");
    const body = new FormData(form);
    // Nobody knows whether a request without an answer counted: repeated, it is the same request.
    const key = code === unanswered.code ? unanswered.key : freshKey(body);
    body.set("code", code);
    body.set("idempotency_key", key);
    try {
      const answer = await fetch(form.action, { method: "POST", body, headers: { Accept: "text/html" } });
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      unanswered = { code: "", key: "" };
      const verdict = page.querySelector("[data-verdict]");
      if (!(verdict instanceof HTMLElement)) return say("refused");
      result.replaceChildren(document.adoptNode(verdict));
      const uses = form.elements.namedItem("uses");
      if (uses instanceof HTMLInputElement) uses.value = "1"; // The next guest comes alone, unless somebody says so.
      signal(verdict.dataset.verdict ?? "red");
      document.dispatchEvent(new CustomEvent("scanner:verdict", { detail: { page } }));
    } catch {
      unanswered = { code, key };
      say("offline");
    } finally {
      asking = false;
      result.removeAttribute("aria-busy");
      last.seen = performance.now();
    }
  }

  form.addEventListener("submit", (event) => {
    const field = form.elements.namedItem("code");
    // Without randomUUID (no secure context) each code needs a fresh form from the server.
    if (!(field instanceof HTMLInputElement) || !crypto.randomUUID) return;
    event.preventDefault();
    const code = field.value.trim();
    field.value = "";
    field.focus(); // A hardware scanner types the next code straight away.
    if (code) void ask(code);
  });
  startButton.addEventListener("click", () => void open());
  stopButton.addEventListener("click", close);
  torchButton.addEventListener("click", () => {
    const on = torchButton.getAttribute("aria-pressed") !== "true";
    torchButton.setAttribute("aria-pressed", String(on));
    const wanted = /** @type {any} */ ({ advanced: [{ torch: on }] });
    void stream?.getVideoTracks()[0].applyConstraints(wanted);
  });
  addEventListener("pagehide", close);
  startButton.hidden = false;
}

/** @param {FormData} body */
function freshKey(body) {
  return crypto.randomUUID?.() ?? String(body.get("idempotency_key"));
}

/** @param {unknown} error */
function reason(error) {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotFoundError" || name === "OverconstrainedError" ? "missing" : "broken";
}

for (const root of document.querySelectorAll("[data-scanner]")) {
  if (root instanceof HTMLElement) start(root);
}
