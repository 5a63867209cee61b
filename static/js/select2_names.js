// Select2 names its box after the chosen value alone: an empty one has no name for a screen reader, nor has its search.
// Each gets the name of the select it stands for. Deferred, so that it runs after the admin has made the boxes.
window.django?.jQuery?.(() => {
  const nameOf = (select) =>
    select.getAttribute("aria-label") ?? select.labels[0]?.textContent.trim().replace(/:$/, "") ?? "";

  const nameBox = (select) => {
    const box = select.nextElementSibling?.querySelector(".select2-selection");
    const name = nameOf(select);
    if (!box || !name) return;
    for (const part of box.querySelectorAll("[role='textbox'], input[type='search']")) {
      part.setAttribute("aria-label", name);
    }
    const chosen = [...select.selectedOptions].map((option) => option.textContent.trim()).filter(Boolean);
    box.setAttribute("aria-label", [name, ...chosen].join(": "));
    box.removeAttribute("aria-labelledby");
  };

  for (const select of document.querySelectorAll("select.admin-autocomplete")) {
    nameBox(select);
    window.django.jQuery(select).on("change", () => nameBox(select));
  }
});
