// @ts-check
/**
 * Used where points and euros are paid together: adds a slider to the number of points and says what is left to pay.
 * Without it the number is typed, and the next page says what is left.
 */
for (const element of document.querySelectorAll("[data-points-choice]")) {
  const box = /** @type {HTMLElement} */ (element);
  const field = /** @type {HTMLInputElement} */ (box.querySelector("input[type=number]"));
  const output = /** @type {HTMLOutputElement} */ (box.querySelector("output"));
  const { least, cents, rate, minimum, left, nothing, language } = box.dataset;
  const slider = document.createElement("input");
  slider.type = "range";
  slider.className = "points-choice__slider";
  slider.min = field.min;
  slider.max = field.max;
  slider.value = field.value;
  // The number field has the label; the slider is a second way of setting it.
  slider.setAttribute("aria-hidden", "true");
  slider.tabIndex = -1;
  field.after(slider);

  /** @param {number} points */
  const rest = (points) => Math.max(0, Number(cents) - (points - Number(least)) * Number(rate));

  /** @param {number} points */
  const possible = (points) => {
    const bounded = Math.min(Math.max(points, Number(field.min)), Number(field.max));
    const open = rest(bounded);
    if (open === 0 || open >= Number(minimum)) return bounded;
    return Number(least) + Math.floor((Number(cents) - Number(minimum)) / Number(rate));
  };

  const show = () => {
    const open = rest(possible(Number(field.value)));
    const euros = new Intl.NumberFormat(language, { style: "currency", currency: "EUR" }).format(open / 100);
    output.textContent = open === 0 ? (nothing ?? "") : (left ?? "").replace("{euros}", euros);
  };
  slider.addEventListener("input", () => {
    field.value = String(possible(Number(slider.value)));
    show();
  });
  field.addEventListener("input", () => {
    slider.value = field.value;
    show();
  });
  field.addEventListener("change", () => {
    field.value = String(possible(Number(field.value)));
    slider.value = field.value;
    show();
  });
  show();
}
