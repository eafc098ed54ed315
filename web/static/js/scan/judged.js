// @ts-check
/** Used by the scanner: shows a verdict on the whole screen, by colour, shape, sound and vibration, with one thing to do. */
import { signal } from "../scanner-signals.js";
import * as words from "./words.js";

const ICONS = /** @type {Record<string, string>} */ ({ green: "check", amber: "warning", red: "stop" });

/**
 * @typedef {object} Shown
 * @property {"green" | "amber" | "red"} colour
 * @property {string} title
 * @property {string} text
 * @property {string} [offer]
 * @property {string[]} [notes]
 * @property {string} [ground]
 * @property {{ label: string, act: () => void }} [confirm]
 * @property {{ label: string, hint?: string, options?: { value: string, label: string }[], act: (answer: string) => void }} [question] something to type, or to choose
 * @property {{ until: number, act: () => void }} [undo]
 */

/** @param {string} id */
const find = (id) => /** @type {HTMLElement} */ (document.getElementById(id));

/** @type {Shown | undefined} */
let present;
/** @type {Element | null} */
let before = null;
/** @type {number | undefined} */
let ending;

export const isOpen = () => present !== undefined;

/** @param {Shown} shown */
export function show(shown) {
  if (!present) before = document.activeElement;
  present = shown;
  const place = find("judged");
  place.className = `judged judged--${shown.colour}`;
  place.dataset.verdict = shown.colour;
  find("judged-icon").setAttribute("href", `${document.body.dataset.pictograms}#${ICONS[shown.colour]}`);
  find("judged-title").textContent = shown.title;
  find("judged-offer").textContent = shown.offer ?? "";
  find("judged-text").textContent = shown.text;
  find("judged-ground").textContent = shown.ground ?? "";
  const notes = (shown.notes ?? []).map((note) => Object.assign(document.createElement("li"), { textContent: note }));
  find("judged-notes").replaceChildren(...notes);
  const confirm = find("confirm");
  confirm.hidden = !shown.confirm;
  confirm.textContent = shown.confirm?.label ?? "";
  offerUndo(shown.undo);
  ask(shown.question);
  words.put(find("next"), shown.question ? "do-not-redeem" : "next");
  find("next").classList.toggle("judged__button--main", !shown.question);
  place.hidden = false;
  place.scrollTop = 0;
  // The rest of the page is behind it, for a screen reader too.
  find("main").inert = true;
  (shown.question ? answerField() : shown.confirm ? confirm : find("next")).focus({ preventScroll: true });
  signal(shown.colour);
}

const answerField = () => /** @type {HTMLInputElement | HTMLSelectElement} */ (find(present?.question?.options ? "answer-choice" : "answer-text"));

/** @param {Shown["question"]} question */
function ask(question) {
  find("question").hidden = !question;
  find("answer-text").hidden = !question || Boolean(question.options);
  find("answer-choice").hidden = !question?.options;
  if (!question) return;
  for (const label of document.querySelectorAll("[data-question]")) label.textContent = question.label;
  find("question-hint").textContent = question.hint ?? "";
  find("answer-choice").replaceChildren(...(question.options ?? []).map(({ value, label }) => new Option(label, value)));
  /** @type {HTMLInputElement} */ (find("answer-text")).value = "";
}

/** @param {Shown["undo"]} undo */
function offerUndo(undo) {
  clearTimeout(ending);
  const left = undo ? undo.until - Date.now() : 0;
  find("undo").hidden = left <= 0;
  if (!undo || left <= 0) return;
  find("undo-until").textContent = words.say("undo-until", { time: words.time(undo.until) });
  ending = window.setTimeout(() => (find("undo").hidden = true), Math.min(left, 2 ** 31 - 1));
}

export function close() {
  if (!present) return;
  present = undefined;
  find("judged").hidden = true;
  find("main").inert = false;
  if (before instanceof HTMLElement) before.focus({ preventScroll: true });
}

export function wire() {
  find("next").addEventListener("click", close);
  find("confirm").addEventListener("click", () => present?.confirm?.act());
  find("question").addEventListener("submit", (event) => {
    event.preventDefault();
    const answer = answerField().value.trim();
    if (answer) present?.question?.act(answer);
  });
  find("undo").addEventListener("click", () => present?.undo?.act());
}
