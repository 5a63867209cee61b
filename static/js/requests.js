// «Autorizaciones» by keyboard: one key says yes to the request that has the focus, another asks why not. The page prints the
// keys; without this script the buttons do the same.
(() => {
  const requests = () => [...document.querySelectorAll("[data-request]")];
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
  window.novaKeys(COMMANDS, {
    thatWrite: ["approve", "undo"],
    leave: (element) => element.closest("[data-request]")?.focus(),
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
})();
