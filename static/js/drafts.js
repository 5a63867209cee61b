// Keeps what is typed and not yet saved, in this tab, for this user: through another person, «Back», a reload or an ended
// session. The server's confirmation drops it (data-saved names the form's token, or the draft); so does a log-out.
(() => {
  const PREFIX = "nova-draft:";
  const LOGGED_OUT = "nova-logged-out"; // a sign for the other tabs
  const user = document.body.dataset.user ?? "";
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  // --- The store; it may be forbidden or full, and the page then works without drafts ---------------
  const keys = () => {
    try {
      return Object.keys(sessionStorage).filter((key) => key.startsWith(PREFIX));
    } catch {
      return [];
    }
  };
  const keyOf = (name) => `${PREFIX}${user}:${name}`;
  const names = () => keys().filter((key) => key.startsWith(keyOf(""))).map((key) => key.slice(keyOf("").length));
  const read = (name) => {
    try {
      return JSON.parse(sessionStorage.getItem(keyOf(name)));
    } catch {
      return null;
    }
  };
  const write = (name, draft) => {
    try {
      if (draft) sessionStorage.setItem(keyOf(name), JSON.stringify(draft));
      else sessionStorage.removeItem(keyOf(name));
    } catch {
      // see above
    }
  };
  const forget = (isGone) => keys().filter(isGone).forEach((key) => sessionStorage.removeItem(key));

  // --- The fields of a form ---------------------------------------------------------------------------
  const isTyped = (field) =>
    field.name && !["hidden", "submit", "button", "file", "password"].includes(field.type) && !field.matches("[data-no-draft]");
  const isKept = (form, field) => {
    const names = form.dataset.draftKeeps ?? "";
    return field.type === "hidden" && field.name !== "csrfmiddlewaretoken" && (names === "*" || names.split(" ").includes(field.name));
  };
  const initial = (field) => {
    if (field.type === "radio" || field.type === "checkbox") return field.defaultChecked;
    if (field.matches("select")) return ([...field.options].find((option) => option.defaultSelected) ?? field.options[0])?.value;
    return field.defaultValue;
  };
  const current = (field) => (field.type === "radio" || field.type === "checkbox" ? field.checked : field.value);
  const idOf = (field) => (field.type === "radio" ? `${field.name}=${field.value}` : field.name);

  const hiddenOf = (form) =>
    Object.fromEntries([...form.elements].filter((field) => isKept(form, field)).map((field) => [field.name, field.value]));

  const keep = (form, field) => {
    const name = form.dataset.draft;
    const draft = read(name) ?? { fields: {} };
    if (field.type === "radio") $$(`input[name="${field.name}"]`, form).forEach((radio) => delete draft.fields[idOf(radio)]);
    draft.fields[idOf(field)] = current(field);
    draft.hidden = hiddenOf(form);
    const kept = [...form.elements].filter((each) => isTyped(each) && idOf(each) in draft.fields);
    const isUntouched = !form.hasAttribute("data-bound") && kept.every((each) => current(each) === initial(each));
    write(name, isUntouched ? null : draft);
    mark();
  };

  const restore = (form) => {
    const draft = read(form.dataset.draft);
    const isFirst = !form.hasAttribute("data-draft-read");
    form.setAttribute("data-draft-read", "");
    if (!draft) return;
    if (isFirst && form.hasAttribute("data-bound")) {
      // The server has shown what was sent, with a token of its own.
      draft.hidden = hiddenOf(form);
      write(form.dataset.draft, draft);
      return;
    }
    const applied = [];
    [...form.elements].forEach((field) => {
      if (isFirst && isKept(form, field) && draft.hidden?.[field.name] !== undefined) field.value = draft.hidden[field.name];
      const value = isTyped(field) ? draft.fields[idOf(field)] : undefined;
      if (value === undefined) return;
      if (current(field) !== value) {
        if (field.type === "radio" || field.type === "checkbox") field.checked = value;
        else if (!field.matches("select") || [...field.options].some((option) => option.value === value)) field.value = value;
        else return; // it is no choice any more
      }
      applied.push(idOf(field));
    });
    if (!isFirst || !applied.length) return;
    const note = form.querySelector("[data-draft-note]");
    if (note) note.hidden = false;
    form.dispatchEvent(new CustomEvent("nova:restored", { bubbles: true, detail: applied }));
  };

  // --- What the server has saved ------------------------------------------------------------------------
  const settle = () => {
    $$("[data-saved]").forEach((message) => {
      const saved = message.dataset.saved;
      message.removeAttribute("data-saved");
      names().forEach((name) => {
        const draft = read(name);
        if (!draft || (name !== saved && draft.hidden?.token !== saved)) return;
        // What was typed after it was sent is not saved: it stays, as another form.
        const isNewer = draft.sent !== undefined && draft.sent !== JSON.stringify(draft.fields);
        write(name, isNewer ? { fields: draft.fields } : null);
      });
    });
  };

  // The answer to a save may have been lost on its way: a later page says what was saved, and whose draft it was.
  const settleLate = () => {
    $$("[data-saved-late]").forEach((line) => {
      const token = line.dataset.savedLate;
      const isSaid = $$("[data-saved]").some((message) => message.dataset.saved === token); // this very page says it
      const isWaiting = !isSaid && names().some((name) => read(name)?.sent !== undefined && read(name).hidden?.token === token);
      if (!isWaiting) return;
      const message = document.createElement("p");
      message.className = "alert";
      message.dataset.level = "success";
      message.dataset.saved = token;
      message.append(line.textContent.trim());
      line.replaceWith(message);
    });
  };

  const sending = (form) => {
    const draft = form?.dataset?.draft && read(form.dataset.draft);
    if (draft) write(form.dataset.draft, { ...draft, hidden: hiddenOf(form), sent: JSON.stringify(draft.fields) });
  };

  // --- Where there is a draft ----------------------------------------------------------------------------
  const DOT = "Tiene un borrador sin guardar";
  const made = () => {
    const dot = document.createElement("span");
    dot.className = "draft-dot";
    dot.title = DOT;
    const words = document.createElement("span");
    words.className = "sr-only";
    words.textContent = `${DOT}. `;
    dot.append(words);
    return dot;
  };

  const mark = () => {
    const cases = new Set(names().map((name) => name.split(":").pop()));
    $$("[data-case]").forEach((row) => {
      const dot = row.querySelector(".draft-dot");
      if (!row.dataset.case.split(" ").some((pk) => cases.has(pk))) dot?.remove();
      else if (dot) dot.hidden = false;
      else (row.querySelector(".queue-row-name") ?? row).prepend(made());
    });
  };

  // A form that is not open yet, and in which something was typed, opens. Its link is a whole page's until htmx knows it:
  // the list on a phone would give way to that person each time.
  const reopen = () => {
    $$("[data-draft-opens]").forEach((link) => {
      const { draftOpens: name, draftOpensFor: part = "" } = link.dataset; // `part`: how the fields of that form begin
      link.removeAttribute("data-draft-opens");
      if (Object.keys(read(name)?.fields ?? {}).some((field) => field.startsWith(part))) link.click();
    });
  };

  const refresh = () => {
    settleLate();
    settle();
    $$("form[data-draft]").forEach(restore);
    mark();
  };

  if (user) {
    forget((key) => !key.startsWith(`${PREFIX}${user}:`)); // a shared PC: what another person typed is theirs
    const typed = (event) => {
      const form = event.target.form;
      if (form?.dataset.draft && isTyped(event.target)) keep(form, event.target);
    };
    document.addEventListener("input", typed);
    document.addEventListener("change", typed);
    document.addEventListener("click", (event) => {
      const discard = event.target.closest("[data-draft-discard]");
      const form = discard?.closest("form[data-draft]");
      if (!form) return;
      write(form.dataset.draft, null);
      if (discard.matches("button")) {
        form.reset();
        form.querySelector("[data-draft-note]").hidden = true;
        form.dispatchEvent(new CustomEvent("nova:restored", { bubbles: true, detail: [] }));
      }
      mark();
    }, true);
    document.addEventListener("htmx:afterSettle", () => {
      refresh();
      reopen();
    });
    document.addEventListener("htmx:load", reopen, { once: true });
    document.addEventListener("htmx:beforeRequest", (event) => sending(event.detail.elt));
    window.addEventListener("pageshow", (event) => event.persisted && refresh());
  }
  document.addEventListener("submit", (event) => {
    sending(event.target);
    if (!/\/logout\/?$/.test(new URL(event.target.getAttribute("action") || ".", location.href).pathname)) return;
    forget(() => true);
    try {
      localStorage.setItem(LOGGED_OUT, String(Date.now()));
    } catch {
      // see above
    }
  });
  window.addEventListener("storage", (event) => {
    if (event.key === LOGGED_OUT) forget(() => true);
  });
  if (user) refresh();
})();
