// @ts-check
/**
 * Used by the pages of venues, administration and treasury: where their navigation is a row that scrolls (on a
 * phone), it begins with the entry of this page in sight.
 */
for (const entry of document.querySelectorAll(".side [aria-current], .views [aria-current]")) {
  const row = entry.parentElement;
  if (row instanceof HTMLElement && entry instanceof HTMLElement && row.scrollWidth > row.clientWidth) {
    row.scrollLeft = entry.offsetLeft - row.offsetLeft - row.clientWidth / 4;
  }
}
