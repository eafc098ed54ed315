// @ts-check
/**
 * Used on the page that a guest shows to the staff (`[data-presented]`): a clock that runs, digits that change with
 * the minute, a bar that gets shorter; when the time is over only that it was redeemed is shown (`[data-over]`).
 * All digits came with the page, so it goes on without a network.
 */
const shown = document.querySelector("[data-presented]");

/** @param {HTMLElement} place */
function run(place) {
  const began = { real: Date.now(), steady: performance.now() };
  const [now, until] = [Number(place.dataset.now), Number(place.dataset.until)];
  const codes = (place.dataset.codes ?? "").split(" ").map((one) => one.split(":"));
  const clock = new Intl.DateTimeFormat(document.documentElement.lang, { timeStyle: "medium", timeZone: place.dataset.zone });
  const [digits, time, left] = ["code", "clock", "left"].map((name) => place.querySelector(`[data-${name}]`));
  const over = document.querySelector("[data-over]");
  const tick = () => {
    // A phone that slept may have stopped one of its clocks, never both.
    const passed = Math.max(Date.now() - began.real, performance.now() - began.steady) / 1000;
    const at = now + passed;
    if (at >= until) {
      clearInterval(timer);
      place.remove();
      if (over instanceof HTMLElement) over.hidden = false;
      return;
    }
    const code = codes.findLast(([begins]) => Number(begins) <= at)?.[1] ?? "";
    const text = `${code.slice(0, 3)} ${code.slice(3)}`;
    if (digits && digits.textContent !== text) digits.textContent = text;
    if (time) time.textContent = clock.format(at * 1000);
    if (left instanceof HTMLProgressElement) left.value = until - at;
  };
  const timer = setInterval(tick, 250);
  tick();
}

if (shown instanceof HTMLElement) {
  run(shown);
  const keepAwake = () => navigator.wakeLock?.request("screen").catch(() => undefined);
  void keepAwake();
}
