// @ts-check
/**
 * Used on the form of a report: as soon as place and kind are known, shows what was reported nearby, before it is
 * sent. Without it the server asks on a page of its own when the form arrives.
 */
for (const element of document.querySelectorAll("[data-similar]")) {
  const box = /** @type {HTMLElement} */ (element);
  const form = /** @type {HTMLFormElement} */ (document.querySelector("form:has([name=similar_seen])"));
  const seen = /** @type {HTMLInputElement} */ (form.elements.namedItem("similar_seen"));
  let asked = 0;
  const ask = async () => {
    const typed = new FormData(form);
    if (!typed.get("latitude") || !typed.get("category")) return;
    const wanted = new URLSearchParams({ action: box.dataset.similar ?? "" });
    for (const name of ["csrf_token", "category", "latitude", "longitude"]) wanted.set(name, String(typed.get(name)));
    const turn = ++asked;
    const answer = await fetch("/reports/near", { method: "POST", body: wanted }).catch(() => null);
    if (!answer?.ok || turn !== asked) return;
    box.innerHTML = await answer.text();
    seen.value = "yes";
  };
  form.addEventListener("place", ask);
  form.querySelector("[name=category]")?.addEventListener("change", ask);
}
