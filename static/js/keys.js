// Single keys of a page that prints them: [data-command] with [data-keys]. A page calls `novaKeys(commands)` with what each does.
// One switch turns them off, here and on the gestor's screen (WCAG 2.1.4). They need static/js/words.js.
(() => {
  const KEYS = "nova-single-keys";
  const $$ = (selector) => [...document.querySelectorAll(selector)];
  const areOn = () => {
    try {
      return localStorage.getItem(KEYS) !== "off";
    } catch {
      return true;
    }
  };

  // `commands`: name → function of the key. `thatWrite`: names of those that wait to see whether a word follows.
  // `leave`: what Escape does with the element that has the focus.
  window.novaKeys = (commands, { thatWrite = [], leave }) => {
    document.addEventListener("keydown", (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
      if (event.key === "Escape") {
        leave(event.target);
        return;
      }
      if (event.repeat || !areOn() || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
      if (window.novaWords.takes(event)) return;
      const row = $$("[data-command]").find((each) => each.dataset.keys.split(" ").includes(event.key));
      if (!row || document.querySelector(".htmx-request")) return;
      event.preventDefault();
      const { command } = row.dataset;
      if (thatWrite.includes(command)) window.novaWords.unless(() => commands[command](event.key));
      else commands[command](event.key);
    });
  };

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-switch]")) return;
    try {
      localStorage.setItem(KEYS, event.target.checked ? "on" : "off");
    } catch {
      // storage may be forbidden; the keys then stay on
    }
  });

  $$("[data-script-only]").forEach((element) => {
    element.hidden = false;
  });
  $$("[data-keys-switch]").forEach((box) => {
    box.checked = areOn();
  });
})();
