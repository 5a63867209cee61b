// The rows of a list that are marked: all of a page at once, and how many there are. The form works without this script.
(() => {
  const boxes = () => [...document.querySelectorAll("input[name=case][form=selection]")];

  const show = () => {
    const bar = document.querySelector("#selection");
    if (!bar) return;
    const marked = boxes().filter((box) => box.checked).length;
    bar.querySelector("[data-marked]").textContent =
      marked === 0 ? "Con los marcados:" : marked === 1 ? "Con el marcado:" : `Con los ${marked} marcados:`;
    const all = bar.querySelector("[data-mark-all]");
    all.checked = marked > 0 && marked === boxes().length;
    all.indeterminate = marked > 0 && !all.checked;
    all.closest("[hidden]")?.removeAttribute("hidden");
  };

  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-mark-all]")) {
      boxes().forEach((box) => {
        box.checked = event.target.checked;
      });
    }
    if (event.target.matches("[data-mark-all], input[form=selection]")) show();
  });
  document.addEventListener("htmx:afterSettle", show);
  window.addEventListener("pageshow", show);
  show();
})();
