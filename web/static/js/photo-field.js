// @ts-check
/**
 * Used on the form of an action: shows the chosen photo, and fills in the place when the reader asks for it.
 * Without it the form works with the file field and the typed address.
 */
for (const box of document.querySelectorAll("[data-photo-field]")) {
  const input = /** @type {HTMLInputElement} */ (box.querySelector("input[type=file]"));
  const image = /** @type {HTMLImageElement} */ (box.querySelector("img"));
  input.addEventListener("change", () => {
    const file = input.files?.[0];
    image.hidden = !file;
    if (image.src) URL.revokeObjectURL(image.src);
    if (file) image.src = URL.createObjectURL(file);
  });
}

for (const element of document.querySelectorAll("[data-place-field]")) {
  const box = /** @type {HTMLElement} */ (element);
  const button = /** @type {HTMLButtonElement} */ (box.querySelector("[data-locate]"));
  const status = /** @type {HTMLElement} */ (box.querySelector("[data-place-status]"));
  /** @param {string} name @param {number} value */
  const fill = (name, value) => {
    const input = /** @type {HTMLInputElement} */ (box.querySelector(`input[name=${name}]`));
    input.value = String(value);
  };
  if (!("geolocation" in navigator)) continue;
  button.hidden = false;
  button.addEventListener("click", () => {
    status.textContent = box.dataset.searching ?? "";
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        fill("latitude", coords.latitude);
        fill("longitude", coords.longitude);
        fill("accuracy", Math.round(coords.accuracy));
        box.dispatchEvent(new Event("place", { bubbles: true }));
        status.textContent = (box.dataset.found ?? "").replace("%(metres)s", String(Math.round(coords.accuracy)));
      },
      () => {
        status.textContent = box.dataset.denied ?? "";
      },
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 0 },
    );
  });
}
