// @ts-check
/**
 * Used by the scanner: codes that a hand scanner (USB or Bluetooth) types, wherever the cursor is. Such a scanner is
 * told from a hand by its speed. It presses the keys of an American keyboard, so which keys were pressed is read,
 * too: on a German or Turkish computer the letters would be others.
 */

const FAST_MS = 45;
const SHORTEST = 8;
/** What the keys give on an American keyboard, alone and with shift. */
const KEYS = /** @type {Record<string, string>} */ ({ Space: "  ", Minus: "-_", Equal: "=+", Slash: "/?", Period: ".>", Comma: ",<", Semicolon: ";:" });
const ABOVE_DIGITS = ")!@#$%^&*(";

/** @param {KeyboardEvent} event */
function american({ code, shiftKey }) {
  if (/^Key[A-Z]$/.test(code)) return shiftKey ? code[3] : code[3].toLowerCase();
  if (/^(Digit|Numpad)\d$/.test(code)) return shiftKey && code.startsWith("Digit") ? ABOVE_DIGITS[Number(code.slice(-1))] : code.slice(-1);
  return KEYS[code]?.[shiftKey ? 1 : 0] ?? "";
}

/** @param {string} text */
const isOurs = (text) => text.startsWith("DC1:") || text.startsWith("HTTPS://");

/**
 * @param {(text: string) => void} typed gets a code
 * @param {() => void} mangled is told that the letters make no sense in any layout
 */
export function listen(typed, mangled) {
  /** @type {{ key: string, american: string }[]} */
  let burst = [];
  let last = -Infinity;
  addEventListener("keydown", (event) => {
    if (event.isComposing || event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Shift" || event.key === "CapsLock") return;
    if (event.timeStamp - last > FAST_MS) burst = [];
    last = event.timeStamp;
    if (event.key === "Enter" || event.key === "Tab") {
      if (burst.length >= SHORTEST) {
        // Else it would press the button or send the form that has the cursor.
        event.preventDefault();
        event.stopPropagation();
        const [plain, keys] = [burst.map((one) => one.key).join(""), burst.map((one) => one.american).join("")];
        if (event.target instanceof HTMLInputElement) event.target.value = "";
        if (isOurs(plain) || plain.length < 20) typed(plain.trim());
        else if (isOurs(keys)) typed(keys);
        else if (/^(dc1|https)/i.test(keys)) mangled();
        else typed(plain);
      }
      burst = [];
      return;
    }
    burst.push({ key: event.key.length === 1 ? event.key : "", american: american(event) });
    // A blank would press the button that has the cursor.
    if (burst.length >= SHORTEST && !(event.target instanceof HTMLInputElement)) event.preventDefault();
  }, true);
}
