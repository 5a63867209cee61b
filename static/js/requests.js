// «Autorizaciones» by keyboard: one key says yes to the request that has the focus, another asks why not. The page prints the
// keys; without this script the buttons do the same.
(() => {
  const KEYS = "nova-single-keys"; // "off" switches the single keys off, here and on the gestor's screen (WCAG 2.1.4)
  const $$ = (selector) => [...document.querySelectorAll(selector)];
  const singleKeys = () => {
    try {
      return localStorage.getItem(KEYS) !== "off";
    } catch {
      return true;
    }
  };
  const requests = () => $$("[data-request]");
  const current = () => document.activeElement?.closest("[data-request]") ?? requests()[0];
  let at = 0; // where the focus was, to go on there when the list comes anew

  const step = (by) => {
    const all = requests();
    const has = document.activeElement?.closest("[data-request]");
    const next = has ? all[all.indexOf(has) + by] : all[0];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  };

  const COMMANDS = {
    next: () => step(1),
    previous: () => step(-1),
    approve: () => {
      const form = current()?.querySelector("form");
      const creditor = form?.querySelector("[name=creditor_authorisation]");
      if (creditor && !creditor.value.trim()) creditor.focus();
      else form?.querySelector("[data-approve]").click();
    },
    reject: () => {
      const form = current()?.querySelector("form");
      const note = form?.querySelector("[name=notes]");
      if (note?.value.trim()) form.querySelector("[data-reject]").click();
      else note?.focus();
    },
    undo: () => document.querySelector("[data-do=undo]")?.click(),
  };
  const THAT_WRITE = [COMMANDS.approve, COMMANDS.undo];

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.key === "Escape") {
      event.target.closest("[data-request]")?.focus();
      return;
    }
    if (event.repeat || !singleKeys() || event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    if (window.novaWords.takes(event)) return; // static/js/words.js
    const row = $$("[data-command]").find((each) => each.dataset.keys.split(" ").includes(event.key));
    if (!row || document.querySelector(".htmx-request")) return;
    event.preventDefault();
    const command = COMMANDS[row.dataset.command];
    if (THAT_WRITE.includes(command)) window.novaWords.unless(command);
    else command();
  });

  document.addEventListener("change", (event) => {
    if (!event.target.matches("[data-keys-switch]")) return;
    try {
      localStorage.setItem(KEYS, event.target.checked ? "on" : "off");
    } catch {
      // storage may be forbidden; the keys then stay on
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const request = event.detail.elt.closest("[data-request]");
    if (request) at = requests().indexOf(request);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.detail.target?.id !== "requests") return;
    const wrong = document.querySelector("#requests [aria-invalid=true]");
    const all = requests();
    (wrong ?? all[Math.min(at, all.length - 1)] ?? document.querySelector("#contenido")).focus();
  });

  $$("[data-script-only]").forEach((element) => {
    element.hidden = false;
  });
  $$("[data-keys-switch]").forEach((box) => {
    box.checked = singleKeys();
  });
})();
