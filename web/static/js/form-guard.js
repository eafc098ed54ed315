// @ts-check
/**
 * Used on every page: a form marked `data-guard` is sent once. A second click does nothing while the answer
 * is on its way; coming back to the page makes the form usable again. After a refusal the list of errors gets
 * the focus.
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
/** Fields that lack the same are told apart in the list by their labels. */
const faults = [...document.querySelectorAll("#errors a")];
for (const fault of faults.filter((one) => faults.some((other) => other !== one && other.textContent === one.textContent))) {
  const label = document.querySelector(`label[for="${CSS.escape(fault.getAttribute("href")?.slice(1) ?? "")}"]`);
  if (label) fault.prepend(`${label.firstChild?.textContent?.trim()}: `);
}
/** A refused form: take the reader to the list of what to mend. */
document.getElementById("errors")?.focus();
