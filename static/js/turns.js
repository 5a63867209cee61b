// One thing after the other on the gestor's screen: what is saved goes alone, and what is opened meanwhile waits for it.
// htmx replaces an opening by the next one (hx-sync); this file keeps what that would lose: an action that is on its way.
(() => {
  const desk = () => document.querySelector("[data-desk]");
  let writing = 0; // actions on their way
  let opening = null; // the person, or the list, that is being opened
  let leaving = false; // an action that brings another screen is on its way
  let waiting = []; // actions, and the last opening, that were asked for meanwhile

  const isAction = (verb) => verb !== "get";
  const opens = (target) => target?.matches?.("#desk, #case");

  const issue = ({ verb, path, elt, target, swap, values }) =>
    window.htmx.ajax(verb, path, {
      // What was swapped away meanwhile is sent all the same, to where it belonged.
      ...(elt.isConnected ? { source: elt } : {}),
      target,
      swap,
      ...(values ? { values } : {}),
    });

  const shown = () => document.querySelector("[data-shown]");

  // A part of the screen of somebody who has gone meanwhile: it would come as a part of the next person's.
  const isGone = ({ verb, target, of }) => !isAction(verb) && !["#desk", "#case"].includes(target) && of !== shown()?.dataset.shown;

  const next = () => {
    waiting = waiting.filter((asked) => !isGone(asked));
    while (!writing && waiting.length) issue(waiting.shift());
  };

  // Who is leaving can be read, but not worked on: what is done there would be answered on the next person's screen.
  const markLeaving = () => {
    const isLeaving = leaving || waiting.some(({ verb, target }) => isAction(verb) && target === "#desk");
    shown()?.toggleAttribute("inert", isLeaving);
  };

  document.addEventListener("htmx:confirm", (event) => {
    const { verb, path, elt, target, triggeringEvent } = event.detail;
    if (!desk()?.contains(elt) && elt !== document.body) return;
    if (elt.matches?.("[role=search], [data-poll]")) return; // what has a place of its own
    const asked = {
      verb,
      path,
      elt,
      of: shown()?.dataset.shown,
      target: target?.id ? `#${target.id}` : target,
      swap: elt.closest("[hx-swap]")?.getAttribute("hx-swap") ?? "innerHTML",
    };
    if (writing) {
      event.preventDefault();
      if (isAction(verb)) asked.values = new FormData(elt, triggeringEvent?.submitter);
      // Of the openings the last one counts; an action counts always, and goes before.
      else waiting = waiting.filter((other) => isAction(other.verb));
      waiting.push(asked);
      markLeaving();
    } else if (isAction(verb) && opening) {
      waiting.push(opening);
      window.htmx.trigger(desk(), "htmx:abort");
    }
  });

  document.addEventListener("htmx:beforeRequest", (event) => {
    const { requestConfig, target, elt } = event.detail;
    if (isAction(requestConfig.verb)) {
      writing += 1;
      leaving = target?.id === "desk";
      markLeaving();
    } else if (opens(target)) {
      document.getElementById("gestion")?.setAttribute("inert", "");
      opening = { verb: "get", path: requestConfig.path, elt, target: `#${target.id}`, swap: "innerHTML" };
    }
  });

  document.addEventListener("htmx:afterRequest", (event) => {
    const { requestConfig, xhr, target } = event.detail;
    if (!isAction(requestConfig.verb)) {
      if (opens(target)) {
        opening = null;
        document.getElementById("gestion")?.removeAttribute("inert");
      }
      return;
    }
    writing -= 1;
    leaving = false;
    // Who is sent elsewhere, or has something to correct, stays there.
    const stays = xhr.status < 200 || xhr.status >= 300 || xhr.getResponseHeader("HX-Redirect");
    if (stays) waiting = waiting.filter((asked) => isAction(asked.verb));
    markLeaving();
    next();
  });

  // «Back» while a person is being opened: the page that comes is the one of the address.
  window.addEventListener("popstate", () => {
    waiting = [];
    if (desk()) window.htmx.trigger(desk(), "htmx:abort");
  });

  // What is being typed into the search survives a save that brings a new screen.
  document.addEventListener("htmx:beforeSwap", (event) => {
    if (event.detail.target.id !== "desk") return;
    const search = document.querySelector("[data-search]");
    if (!search || search.value === search.defaultValue) return;
    const { value } = search;
    const isFocused = document.activeElement === search;
    const restore = () => {
      const fresh = document.querySelector("[data-search]");
      if (!fresh) return;
      fresh.value = value;
      fresh.dispatchEvent(new Event("input", { bubbles: true }));
      if (isFocused) fresh.focus();
    };
    document.addEventListener("htmx:afterSettle", () => setTimeout(restore), { once: true });
  });

  // While a person is being opened or saved, keys and typing are for nobody: the form on the screen is about to go.
  window.novaIsBusy = () => writing > 0 || Boolean(opening);
})();
