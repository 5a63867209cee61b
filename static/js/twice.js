// The second click of a double click belongs to what the first one was on. Where that has put another button under the
// pointer meanwhile (the next person's, the next phone's, the one below a list that closed), it would do there what
// nobody meant. The browser counts the clicks, as the person has set it, also over a change of page.
(() => {
  let last = null;

  const controlOf = (target) => {
    const control = target.closest?.("a, button, label, input, select, summary") ?? target;
    return control.control ?? control; // a label's click comes again as that of its control
  };
  const writes = (control) => control.type === "submit" && control.form?.method === "post";

  document.addEventListener(
    "click",
    (event) => {
      const control = controlOf(event.target);
      if (event.detail > 1 && control !== last && writes(control)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      last = control;
    },
    true,
  );
})();
