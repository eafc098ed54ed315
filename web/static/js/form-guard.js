// @ts-check
/**
 * Used on every page: a form marked `data-guard` is sent once. A second click does nothing while the answer
 * is on its way; coming back to the page makes the form usable again.
 */
for (const form of document.querySelectorAll("form[data-guard]")) {
  form.addEventListener("submit", (event) => {
    if (form.getAttribute("aria-busy") === "true") {
      event.preventDefault();
      return;
    }
    form.setAttribute("aria-busy", "true");
  });
}
addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[aria-busy]")) form.removeAttribute("aria-busy");
});
/** A refused form: take the reader to the list of what to mend. */
document.getElementById("errors")?.focus();
