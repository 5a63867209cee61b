// A second click on the same spot is the end of a double click. Where the first one has put another button under the
// pointer (the next person's, the next phone's, the one below a list that closed), it would do there what nobody meant.
(() => {
  const MEANT_AFTER_MS = 700;
  const NEAR_PX = 6;
  const KEY = "click"; // the click before survives the page that it led away from
  const read = () => {
    try {
      return JSON.parse(sessionStorage.getItem(KEY));
    } catch {
      return null;
    }
  };
  let last = read();

  const controlOf = (target) => {
    const control = target.closest?.("a, button, label, input, select, summary") ?? target;
    return control.control ?? control; // a label's click comes again as that of its control
  };
  const writes = (control) => control.type === "submit" && control.form?.method === "post";

  document.addEventListener(
    "click",
    (event) => {
      if (!event.isTrusted || !event.detail) return; // by a key, or by a script
      const control = controlOf(event.target);
      const { clientX: x, clientY: y } = event;
      const isNear = last && Math.abs(x - last.x) < NEAR_PX && Math.abs(y - last.y) < NEAR_PX;
      if (isNear && Date.now() - last.at < MEANT_AFTER_MS && control !== last.control && writes(control)) {
        event.preventDefault();
        event.stopImmediatePropagation();
        return;
      }
      last = { at: Date.now(), x, y, control };
      sessionStorage.setItem(KEY, JSON.stringify({ at: last.at, x, y }));
    },
    true,
  );
  document.addEventListener("keydown", () => (last = null), true);
})();
