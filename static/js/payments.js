// «Pagos por identificar» by keyboard: a digit goes to a debt, Enter registers the payment there. No key writes by itself, for
// a slip would be somebody else's money. Without this script the links and buttons do the same.
(() => {
  const $ = (selector) => document.querySelector(selector);
  const open = () => $("[data-open-payment]");
  const go = (direction) => $(`.inbox-top [rel=${direction}]`)?.click();

  const COMMANDS = {
    next: () => go("next"),
    previous: () => go("prev"),
    find: () => $("#inbox-search")?.select(),
    choose: (key) => $(`[data-choose="${key}"]`)?.focus(),
    split: () => {
      const split = $(".inbox-split");
      if (!split) return;
      split.open = true;
      split.querySelector("input:not([type=hidden])").select();
    },
    ignore: () => $("#inbox-reason")?.focus(),
  };
  window.novaKeys(COMMANDS, { leave: () => open()?.focus() });

  document.addEventListener("keydown", (event) => {
    // From the search straight to what it found.
    if (event.key !== "ArrowDown" || event.target.id !== "inbox-search") return;
    event.preventDefault();
    $("[data-choose]")?.focus();
  });

  document.addEventListener("htmx:afterSettle", () => {
    if ($("#inbox-search") && document.activeElement === $("#inbox-search")) return;
    const wrong = $("#inbox [data-refusal]") ?? $("#inbox [aria-invalid=true]");
    if (wrong) wrong.focus();
    else if (!open()?.contains(document.activeElement)) (open() ?? $("#contenido")).focus({ preventScroll: true });
  });
})();
