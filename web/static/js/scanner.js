// @ts-check
/**
 * Used where a venue scans with a form (the macro `w.scanner`): the text of a code goes to the server with the form,
 * and the answer's element `data-verdict` is shown.
 *
 *   data-scanner            the whole; data-worker, data-reader, data-wasm are addresses
 *   data-scanner-form       the form for a typed code, field `code`; works without this script
 *   data-scanner-start, -stop, -torch    buttons, shown when they make sense
 *   data-scanner-camera     contains the video
 *   data-scanner-result     where the verdict is shown
 *   template data-scanner-message="insecure | missing | denied | broken | offline | refused"    what to say when
 */
import { Camera } from "./camera.js";
import { signal, prepareSignals } from "./scanner-signals.js";

/** @param {HTMLElement} root */
function start(root) {
  const find = (/** @type {string} */ name) => {
    const found = root.querySelector(`[data-scanner-${name}]`);
    if (!(found instanceof HTMLElement)) throw new Error(`scanner without ${name}`);
    return found;
  };
  const form = /** @type {HTMLFormElement} */ (find("form"));
  const [filmed, result, startButton, stopButton, torchButton] = ["camera", "result", "start", "stop", "torch"].map(find);
  const video = /** @type {HTMLVideoElement} */ (filmed.querySelector("video"));
  const { worker = "", reader = "", wasm = "" } = root.dataset;
  const camera = new Camera(video, { worker, reader, wasm }, { seen: ask, closed, trouble: say });
  let asking = false;
  let unanswered = { code: "", key: "" };

  /** @param {string} message */
  function say(message) {
    const template = root.querySelector(`template[data-scanner-message="${message}"]`);
    if (template instanceof HTMLTemplateElement) result.replaceChildren(template.content.cloneNode(true));
    signal("red");
  }

  async function open() {
    prepareSignals();
    startButton.hidden = true;
    if (!(await camera.open())) {
      startButton.hidden = false;
      return;
    }
    filmed.hidden = stopButton.hidden = false;
    torchButton.hidden = !("torch" in camera.capabilities);
  }

  function closed() {
    filmed.hidden = stopButton.hidden = torchButton.hidden = true;
    startButton.hidden = false;
  }

  /** @param {string} code */
  async function ask(code) {
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
  stopButton.addEventListener("click", () => camera.close());
  torchButton.addEventListener("click", () => {
    const on = torchButton.getAttribute("aria-pressed") !== "true";
    torchButton.setAttribute("aria-pressed", String(on));
    camera.set({ torch: on });
  });
  addEventListener("pagehide", () => camera.close());
  startButton.hidden = false;
}

/** @param {FormData} body */
function freshKey(body) {
  return crypto.randomUUID?.() ?? String(body.get("idempotency_key"));
}

for (const root of document.querySelectorAll("[data-scanner]")) {
  if (root instanceof HTMLElement) start(root);
}
