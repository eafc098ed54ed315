// @ts-check
/**
 * Used before a voucher is redeemed on its owner's phone (`[data-present]` around the form): says what is to be done
 * when there is no network (`[data-offline]`) or no answer (`[data-unclear]`). The form's key stays the same, so
 * tapping again never redeems twice. Without this script the browser sends the form itself.
 */
const around = document.querySelector("[data-present]");
const form = around?.querySelector("form");
const offline = around?.querySelector("[data-offline]");
const unclear = around?.querySelector("[data-unclear]");

/** @param {Element | null | undefined} one */
function say(one) {
  for (const other of [offline, unclear]) if (other instanceof HTMLElement) other.hidden = other !== one;
}

/** @param {HTMLFormElement} sent */
async function send(sent) {
  say(null);
  if (!navigator.onLine) {
    say(offline);
    return;
  }
  const content = new URLSearchParams();
  for (const [name, value] of new FormData(sent)) if (typeof value === "string") content.append(name, value);
  try {
    const answer = await fetch(sent.action, { method: "POST", body: content, signal: AbortSignal.timeout(15_000) });
    // What was refused is shown by sending it again the plain way: the answer is the same.
    if (answer.redirected) location.replace(answer.url);
    else sent.submit();
  } catch {
    say(navigator.onLine ? unclear : offline);
  }
}

if (form instanceof HTMLFormElement) {
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    void send(form).finally(() => {
      delete form.dataset.sending;
      form.removeAttribute("aria-busy");
    });
  });
}
