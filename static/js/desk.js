// The gestor's screen on top of its complete HTML: keys, proposals, focus. Every action also works without this script.
(() => {
  const KEYS = "nova-single-keys"; // "off" switches the single keys off (WCAG 2.1.4)
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];

  const singleKeys = () => {
    try {
      return localStorage.getItem(KEYS) !== "off";
    } catch {
      return true;
    }
  };

  const isTyping = (element) =>
    element?.closest("textarea, select, [contenteditable]") ||
    (element?.matches("input") && !["radio", "checkbox", "button", "submit"].includes(element.type));

  // --- The result picker ------------------------------------------------------------------------
  let arrows = false; // the list of results is being walked with the arrow keys
  const results = () => $$("[data-result] input");

  const isShown = (element) => Boolean(element?.checkVisibility?.({ visibilityProperty: true }) ?? element?.offsetParent);

  const focusResults = () => {
    const radios = results().filter(isShown);
    (radios.find((radio) => radio.checked) || radios[0])?.focus();
  };

  // On a narrow screen the form is a sheet from below; its link opens it without script too.
  const sheet = () => $("[data-sheet]");
  const openSheet = () => sheet()?.setAttribute("data-open", "");
  const closeSheet = () => {
    sheet()?.removeAttribute("data-open");
  };
  const isSheet = () => Boolean(sheet()) && getComputedStyle(sheet()).position === "fixed";

  // --- All the results: a list below the search, opened by it or by its button ---------------------
  const more = () => $("[data-more-results]");
  const openMore = (isOpen) => {
    if (!more()) return;
    more().toggleAttribute("data-open", isOpen);
    $("[data-more]").setAttribute("aria-expanded", String(isOpen));
    if (!isOpen && $("[data-result-search]").value) {
      $("[data-result-search]").value = "";
      filterResults("");
    }
  };

  const sayChosen = (form) => {
    const radio = chosen(form);
    const isOther = radio && !radio.dataset.shortcut;
    $("[data-chosen-other]", form).textContent = isOther ? `${radio.closest("label").querySelector("span").textContent} ✓` : "Más…";
    $("[data-more]", form).toggleAttribute("data-chosen", Boolean(isOther));
  };

  const chosen = (form) => $("[data-result] input:checked", form);

  // What the code proposes is written into the field until the person writes there.
  const propose = (form) => {
    const result = agrees(form) ? null : chosen(form);
    const when = $("#id_next_action_at", form);
    const hint = $("[data-next-hint]", form);
    // The box of the promise follows the result, unless the person has ticked it.
    const box = $("#id_with_promise", form);
    if (result?.hasAttribute("data-needs-promise")) {
      if (!box.checked) box.dataset.follows = "";
      box.checked = true;
    } else if ("follows" in box.dataset) {
      box.checked = false;
      delete box.dataset.follows;
    }
    const hasPromise = box.checked && !agrees(form);
    // A chip was the hour of a call that was agreed; another result has none.
    if (when.dataset.typed === "chip" && !result?.hasAttribute("data-asks-when")) delete when.dataset.typed;
    if (!when.dataset.typed) when.value = result && !hasPromise ? result.dataset.proposed : "";
    if (agrees(form)) hint.textContent = "Vacía: la decide el convenio.";
    else if (result?.hasAttribute("data-asks-when")) hint.textContent = "Indique el día y la hora acordados.";
    else if (result?.hasAttribute("data-stops")) hint.textContent = `Este resultado ${result.dataset.stops}.`;
    else if (hasPromise) hint.textContent = "Vacía: el día hábil anterior a la promesa.";
    else hint.textContent = when.value ? "" : "Vacía: la decide el resultado.";
    hint.toggleAttribute("data-danger", Boolean(result?.hasAttribute("data-stops")));
    clearTimeout(asking);
    if (hasPromise) sayBack(form);
    sayChosen(form);
    markChips();
    const type = result && $(`input[name=type][value="${result.dataset.type}"]`, form);
    if (type) type.checked = true;
  };

  // A promise without a date of its own comes back the business day before; the server says which.
  const SAID = $("script[src*='said'][data-url]")?.dataset.url;
  let asking = 0;
  const sayBack = (form) => {
    const hint = $("[data-next-hint]", form);
    const text = $("#id_promise_date", form).value.trim();
    clearTimeout(asking);
    if (!$("#id_with_promise", form).checked || $("#id_next_action_at", form).value) return;
    hint.textContent = "Vacía: el día hábil anterior a la promesa.";
    if (!text || !SAID) return;
    asking = setTimeout(async () => {
      try {
        const { shown } = await (await fetch(`${SAID}?${new URLSearchParams({ kind: "back", text })}`)).json();
        if (!$("#id_with_promise", form).checked) return;
        if (shown && text === $("#id_promise_date", form).value.trim() && !$("#id_next_action_at", form).value) hint.textContent = `Vacía: vuelve el ${shown}.`;
      } catch {
        // The hint then says it in general.
      }
    }, 200);
  };

  const filterResults = (text) => {
    const plain = (value) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const wanted = plain(text.trim());
    $$("[data-result]").forEach((label) => {
      const isOut = !plain(label.querySelector("span").textContent).includes(wanted);
      if (label.matches(".result-tile")) label.toggleAttribute("data-out", isOut);
      else label.hidden = isOut;
    });
    $$("[data-group]").forEach((heading) => {
      heading.hidden = Boolean(wanted);
    });
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-result-search]")) {
      filterResults(event.target.value);
      openMore(true);
    }
    if (event.target.id === "id_next_action_at") event.target.dataset.typed = "yes";
    if (event.target.id === "id_promise_date" && event.target.form?.matches("[data-gestion]")) sayBack(event.target.form);
    if (chipsOf(event.target).length) markChips();
  });

  // --- The negotiator: an arrangement in the place of a result ---------------------------------------
  const agrees = (form) => Boolean($("#id_with_arrangement", form)?.checked);

  // Another result is no agreement: what was typed for it stays, out of the way.
  const leaveNegotiator = (form) => {
    if (!agrees(form)) return;
    $("#id_with_arrangement", form).checked = false;
    $("#id_with_arrangement", form).dispatchEvent(new Event("change", { bubbles: true }));
  };

  // What had been chosen stays, and counts again once the part is closed.
  const enterNegotiator = (form) => {
    [...results(), $("#id_with_promise", form)].forEach((box) => {
      box.disabled = agrees(form);
    });
    propose(form);
    workOut(form);
  };

  // Other terms are worked out by the server as they are typed; the first time, once they are chosen.
  const workOut = (form) => {
    const own = $("[data-own-terms]", form);
    if (agrees(form) && isShown(own) && !$("#own-figures", form).childElementCount) window.htmx.trigger(own, "work-out");
  };

  // What is beyond the limit is asked for: the button says so before it is pressed.
  const sayAsks = (form) => {
    const offer = $("[name=arrangement_offer]:checked", form);
    const own = $("[data-own-terms]", form);
    // Where the form has come back to ask, its line has the button.
    let needs = agrees(form) && !$("[data-ask-line]", form) && (offer && !("own" in offer.dataset) ? offer.closest("label").dataset.needs : isShown(own) && $("#own-figures", form).dataset.needs);
    const asked = $("[data-ask]", form);
    if (needs === "creditor" && $("#id_arrangement_creditor_authorisation", form)?.value.trim()) needs = "";
    if (asked) asked.value = needs ? "yes" : "";
    $$("[data-asks]", form).forEach((button) => {
      button.dataset.saves ??= button.textContent;
      button.textContent = needs ? button.dataset.asks : button.dataset.saves;
    });
  };

  // --- Chips: what is usually typed into a field -----------------------------------------------------
  const chipsOf = (field) => (field.id ? $$(`[data-fills="${field.id}"] [data-fill]`).filter(isShown) : []);

  const markChips = () => {
    $$("[data-fills]").forEach((list) => {
      const value = document.getElementById(list.dataset.fills)?.value;
      $$("[data-fill]", list).forEach((chip) => chip.setAttribute("aria-pressed", String(chip.dataset.fill === value)));
    });
  };

  const fill = (chip) => {
    const field = document.getElementById(chip.closest("[data-fills]").dataset.fills);
    field.value = chip.dataset.fill;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    if (field.id === "id_next_action_at") field.dataset.typed = "chip";
    const hint = $("[data-said-shown]", field.parentElement);
    if (hint) hint.textContent = "";
  };

  // ↑ and ↓ in a field go through its chips.
  const step = (field, by) => {
    const chips = chipsOf(field);
    const at = chips.findIndex((chip) => chip.dataset.fill === field.value);
    fill(chips[at < 0 ? (by > 0 ? 0 : chips.length - 1) : (at + by + chips.length) % chips.length]);
    field.select?.();
  };

  document.addEventListener("focusin", (event) => {
    if (event.target.matches("[data-result-search]")) openMore(true);
    else if (!event.target.closest("[data-more-results]")) openMore(false);
  });

  // A field reached by keyboard comes whole into sight, above the bar that saves; a click must find what it aimed at.
  document.addEventListener("focusin", (event) => {
    const field = event.target;
    if (field.closest("[data-gestion]") && field.matches(":focus-visible")) field.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-gestion]");
    if (form && event.target.name === "result") leaveNegotiator(form);
    if (form && event.target.name === "with_arrangement") enterNegotiator(form);
    if (form && event.target.name === "arrangement_offer") workOut(form);
    if (form && (event.target.name === "result" || event.target.name === "with_promise")) propose(form);
    if (form) sayAsks(form);
    if (event.target.name === "result" && event.target.matches(":focus") && !arrows) openMore(false);
    arrows = false;
    if (event.target.matches("[data-keys-switch]")) {
      try {
        localStorage.setItem(KEYS, event.target.checked ? "on" : "off");
      } catch {
        // storage may be forbidden; the keys then stay on
      }
    }
  });

  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-show-keys]")) showKeys();
    const chip = event.target.closest("[data-fill]");
    if (chip) fill(chip);
    if (event.target.closest("[data-more]")) {
      const isOpen = more().hasAttribute("data-open");
      openMore(!isOpen);
      if (!isOpen) $("[data-result-search]").focus();
    } else if (!event.target.closest("[data-more-results]")) openMore(false);
    const opener = event.target.closest("[data-open-sheet]");
    if (opener && isSheet()) {
      event.preventDefault();
      openSheet();
      focusResults();
    }
    if (event.target.closest("[data-close-sheet]")) {
      event.preventDefault();
      closeSheet();
      $("#case-name").focus({ preventScroll: true });
    }
    const copied = event.target.closest("[data-copy]");
    if (copied) copy(copied);
  });

  // --- The phone used is the one that was called ---------------------------------------------------
  const say = (form, phone, words) => {
    $("#id_phone_said", form).value = phone;
    $("[data-calling]", form).textContent = words ? `${words} ✓` : "";
  };

  document.addEventListener("click", (event) => {
    const call = event.target.closest("[data-call]");
    const phone = call && $("#gestion #id_phone");
    if (!phone) return;
    phone.value = call.dataset.call;
    phone.dispatchEvent(new Event("change", { bubbles: true }));
    say(phone.form, phone.value, call.dataset.callingWords);
  });

  document.addEventListener("change", (event) => {
    if (event.target.id === "id_phone" && event.target.form) say(event.target.form, event.target.value, "");
    // Another result, or another debt, asks anew.
    if (["result", "also"].includes(event.target.name)) $("[data-stop-line]")?.remove();
    if (event.target.name?.startsWith("arrangement_")) $("[data-ask-line]")?.remove();
  });

  // The phone that was named may have left the list meanwhile. It stays named, so that the server asks which it was.
  const checkPhone = (form) => {
    const said = $("#id_phone_said", form);
    if (said.value && said.value !== "asked" && said.value !== $("#id_phone", form).value) say(form, said.value, "");
  };

  // --- A result that stops: the second step is another one, not the rest of a double click ----------
  const STOP_PAUSE_MS = 600;
  let stopShownAt = 0;
  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest("[data-confirm-stop], [data-ask-approval]")) return;
      if (performance.now() - stopShownAt < STOP_PAUSE_MS) event.preventDefault();
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter" && event.target.closest("[data-confirm-stop]")) event.preventDefault();
  });

  // --- The search: Enter and the arrows open what it found; the one person of a number that is dictated opens by itself ---
  const CALLER = /^\d{4,}$/;
  let opensFirst = false; // Enter was pressed before the answer came
  let searched = $("#search")?.value ?? "";
  let goesThere = false; // the person that is being opened gets the focus

  const rows = () => $$("[data-row]");
  const openRow = (row, withFocus) => {
    goesThere = withFocus;
    if (!row.dataset.case.split(" ").includes($("[data-shown]")?.dataset.shown)) row.click();
    else if (withFocus) $("#case-name")?.focus({ preventScroll: true });
  };

  const onSearchKey = (event) => {
    const found = rows();
    if (event.key === "Enter") {
      const isAnswered = event.target.value.trim() === searched.trim();
      if (!event.target.value.trim()) return;
      if (!isAnswered) {
        opensFirst = true; // the form asks, and the answer opens
        return;
      }
      event.preventDefault();
      if (found[0]) openRow(found[0], true);
    } else if (event.key === "ArrowDown" && found[0]) {
      event.preventDefault();
      found[0].focus();
    }
  };

  const onRowKey = (event) => {
    const found = rows();
    const next = found[found.indexOf(event.target) + (event.key === "ArrowDown" ? 1 : -1)];
    event.preventDefault();
    (next ?? (event.key === "ArrowUp" ? $("#search") : event.target))?.focus();
  };

  const onFound = () => {
    const search = $("#search");
    searched = search?.value ?? "";
    const found = rows();
    if (opensFirst) {
      opensFirst = false;
      if (found[0]) openRow(found[0], true);
    } else if (search === document.activeElement && CALLER.test(searched.trim()) && found.length === 1) openRow(found[0], false);
  };

  // --- Keys ---------------------------------------------------------------------------------------
  const showKeys = () => {
    const dialog = $("#keys");
    if (!dialog) return;
    $("[data-keys-switch]").checked = singleKeys();
    dialog.showModal();
  };

  const copy = (button) => {
    const words = button.textContent;
    navigator.clipboard?.writeText(button.dataset.copy).then(() => {
      button.textContent = "Copiado ✓";
      setTimeout(() => {
        button.textContent = words;
      }, 1200);
    });
  };

  const pick = (digit) => {
    const radio = results().find((input) => input.dataset.shortcut === digit);
    if (!radio) return;
    choose(radio);
  };

  // Where one goes on after a result: at what it asks for, else at the result itself.
  const choose = (radio) => {
    openSheet();
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    openMore(false);
    (radio.dataset.shortcut ? radio : $("[data-more]")).focus();
    const asked = radio.hasAttribute("data-needs-promise") ? "#id_promise_amount" : radio.hasAttribute("data-asks-when") ? "#id_next_action_at" : "";
    if (!asked) return;
    $(asked).focus();
    $(asked).select();
  };

  const call = () => {
    const phone = $("#gestion #id_phone")?.value;
    ($(`a[data-call="${phone}"][href^="tel:"]`) ?? $('a[data-call][href^="tel:"]'))?.click();
  };

  let goesToOffers = false;
  const focusOffers = () => {
    const offers = $$("[name=arrangement_offer]");
    (offers.find((radio) => radio.checked) || offers[0] || $("[data-own-terms] :is(select, input)"))?.focus();
  };

  const COMMANDS = {
    next: () => $("[data-do=next]")?.click(),
    previous: () => $("[data-do=previous]")?.click(),
    call,
    find: () => {
      $("[data-search]")?.focus();
      $("[data-search]")?.select();
    },
    save: () => ($("[data-save-next]") || $("[data-gestion] button[name=then]"))?.click(),
    leave: () => {
      openMore(false);
      if (isTyping(document.activeElement)) $("#case-name")?.focus({ preventScroll: true });
      else if (isSheet()) closeSheet();
    },
    snooze: () => {
      const fold = $("[data-do=snooze]")?.closest("details");
      if (!fold) return;
      fold.open = !fold.open;
      (fold.open ? $("button", fold) : $("#case-name"))?.focus();
    },
    arrange: () => {
      const box = $("#id_with_arrangement");
      openSheet();
      if (!box) {
        goesToOffers = true; // a click by script takes the focus too where a key asked for it
        $("[data-do=arrange]")?.click();
      }
      else {
        box.checked = true;
        box.dispatchEvent(new Event("change", { bubbles: true }));
        focusOffers();
      }
    },
    undo: () => $("[data-do=undo]")?.click(),
    keys: showKeys,
  };

  // While another person is on their way these would be done to the one who is leaving.
  const OF_WHO_IS_THERE = [COMMANDS.call, COMMANDS.save, COMMANDS.snooze, COMMANDS.arrange, COMMANDS.undo];

  const STEPS = [COMMANDS.next, COMMANDS.previous];

  // The table that the page prints: key → command.
  const bindings = () =>
    new Map($$("[data-command]").flatMap((row) => row.dataset.keys.split(" ").map((key) => [key, COMMANDS[row.dataset.command]])));

  // --- What is typed into nowhere: the note is its place, or the form that is on its way (static/js/words.js) ---------
  const formIsComing = () => Boolean($('.htmx-request:is([hx-target="#phones"], [hx-target="#contact"], [hx-target="#negotiator"])'));
  // Whether a key means something by itself. None does while a form is on its way: it is typed for that one.
  const means = (key) => !formIsComing() && (bindings().has(key) || results().some((radio) => radio.dataset.shortcut === key));

  window.novaWords.writeTo({
    isComing: () => formIsComing() || Boolean(window.novaIsBusy?.()),
    find: () => {
      if (formIsComing() || window.novaIsBusy?.()) return null;
      const open = document.activeElement;
      if (open?.matches("input, textarea") && isTyping(open) && open.closest("#phones, #contact, #negotiator")) return open;
      const note = $("#gestion #id_notes");
      if (note && !isTyping(open)) {
        openSheet();
        note.focus();
      }
      return note;
    },
  });
  ["htmx:afterSettle", "htmx:afterRequest"].forEach((name) => document.addEventListener(name, () => setTimeout(window.novaWords.write)));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || $("dialog[open]")) return;
    const isChord = event.ctrlKey || event.metaKey;
    if (event.target.matches("[data-result-search]") && !isChord && (event.key === "Enter" || event.key === "ArrowDown")) {
      event.preventDefault();
      const isWanted = Boolean(event.target.value.trim());
      const first = $$("[data-result]:not([hidden], [data-out]) input").find((radio) => isWanted || !radio.dataset.shortcut);
      if (first && isWanted && event.key === "Enter") choose(first);
      else if (event.key !== "Enter") first?.focus();
      return;
    }
    if (!isChord && ["ArrowDown", "ArrowUp"].includes(event.key) && chipsOf(event.target).length) {
      event.preventDefault();
      step(event.target, event.key === "ArrowDown" ? 1 : -1);
      return;
    }
    // Through the list of results with the arrows; it closes with Enter, a click or Tab.
    if (event.target.name === "result" && !event.target.dataset.shortcut) {
      arrows = event.key.startsWith("Arrow");
      if (event.key === "Enter" && !isChord) {
        event.preventDefault();
        choose(event.target);
        return;
      }
    }
    if (event.target.id === "search" && !isChord) onSearchKey(event);
    if (event.target.matches("[data-row]") && ["ArrowDown", "ArrowUp"].includes(event.key)) onRowKey(event);
    if (event.defaultPrevented) return;
    const isSingle = !isChord && event.key.length === 1;
    if (isSingle && (isTyping(event.target) || !singleKeys() || event.repeat)) return;
    if (!isChord && !isTyping(event.target) && singleKeys() && window.novaWords.takes(event, means)) return; // static/js/words.js
    const command = bindings().get(isChord ? `Ctrl+${event.key.length === 1 ? event.key.toLowerCase() : event.key}` : event.key);
    const isDigit = isSingle && /^[0-9]$/.test(event.key);
    if (!command && !isDigit) return;
    if (event.key !== "Escape") event.preventDefault();
    const isOfWhoIsThere = isDigit || OF_WHO_IS_THERE.includes(command);
    if (window.novaIsBusy?.() && isOfWhoIsThere) return;
    if (command && isSingle && isOfWhoIsThere) window.novaWords.unless(() => window.novaIsBusy?.() || command());
    else if (command && STEPS.includes(command)) window.novaWords.unless(command);
    else if (command) command();
    else pick(event.key);
  });

  // --- A call that falls due while one reads ------------------------------------------------------
  const POLL_MS = 60_000;
  let polledAt = performance.now();
  const poll = () => {
    if (document.hidden || window.novaIsBusy?.() || performance.now() - polledAt < POLL_MS) return;
    polledAt = performance.now();
    if ($("#due")) window.htmx.trigger("#due", "poll");
  };
  setInterval(poll, POLL_MS / 12);
  document.addEventListener("visibilitychange", poll);

  const showDue = () => {
    const count = Number($("#figures")?.dataset.callBacks ?? 0);
    const title = document.title.replace(/^\(\d+\) /, "");
    document.title = count ? `(${count}) ${title}` : title;
    // Who is open needs no notice.
    const shown = $("[data-shown]")?.dataset.shown;
    $$("[data-due]").forEach((notice) => {
      notice.hidden = notice.dataset.due === shown;
    });
  };

  // --- Who was dealt with leaves the queue; the rows around stay as they are, while there are enough of them ---------------
  const takeOut = () => {
    const figures = $("#figures[data-left]");
    if (!figures) return;
    $$(`[data-person="${figures.dataset.left}"]`).forEach((row) => row.remove());
    delete figures.dataset.left;
  };
  document.addEventListener("htmx:configRequest", (event) => {
    if (event.detail.target?.id === "desk") event.detail.headers["Rows-Shown"] = String(rows().length);
  });

  // --- After htmx has swapped ---------------------------------------------------------------------
  const prepare = () => {
    takeOut();
    showDue();
    $$("[data-script-only]").forEach((element) => {
      element.hidden = false;
    });
    const form = $("[data-gestion]");
    if (form && $("#id_next_action_at", form).value) $("#id_next_action_at", form).dataset.typed = "yes";
    if (form) {
      checkPhone(form);
      sayChosen(form);
      markChips();
      if (agrees(form)) enterNegotiator(form);
      sayAsks(form);
    }
    // The panel says whose row is marked; the address may be older or newer than it.
    const shown = $("[data-shown]")?.dataset.shown;
    $$("[data-row]").forEach((row) => {
      if (row.dataset.case.split(" ").includes(shown)) row.setAttribute("aria-current", "true");
      else row.removeAttribute("aria-current");
    });
    // A phone shows one column; the URL says which: the queue on the home page, the case on its own.
    const desk = $("[data-desk]");
    desk?.toggleAttribute("data-home", location.pathname === desk.dataset.homeUrl);
  };

  // What came back from a draft was chosen by the person, so it counts as typed.
  document.addEventListener("nova:restored", (event) => {
    const form = event.target.closest("[data-gestion]");
    if (!form) return;
    const when = $("#id_next_action_at", form);
    if (event.detail.includes("next_action_at")) when.dataset.typed = "yes";
    else delete when.dataset.typed;
    if (event.detail.includes("phone")) say(form, $("#id_phone", form).value, "");
    // What was chosen there comes into sight.
    $$("details[data-fold]", form).forEach((part) => {
      const fields = $$("input, select", part).filter((field) => (field.matches("select") ? field.value : field.checked !== field.defaultChecked));
      if (fields.length) part.open = true;
    });
    propose(form);
  });

  // Where the person goes on: at what is wrong, else at the form of the case that came.
  document.addEventListener("htmx:afterSettle", (event) => {
    prepare();
    const id = event.detail.target?.id || event.target.id;
    const invalid = $("[aria-invalid=true]:not([type=hidden])") || $(".field-error")?.closest("fieldset")?.querySelector("input");
    // What is wrong with one field, else with the whole form: somebody else changed the case meanwhile.
    const wrong = ["gestion", "contact", "phones", "snooze", "arrangements"].includes(id) && (invalid || $(`#${id} [role=alert]`));
    if (id === "gestion") openSheet(); // what came back is not saved yet
    const stop = id === "gestion" && $("[data-confirm-stop], [data-ask-approval]");
    if (stop) {
      stopShownAt = performance.now();
      stop.focus();
    } else if (wrong) wrong.focus();
    else if (["contact", "phones", "negotiator"].includes(id)) {
      // What the page opens by itself, because a draft waits there, takes the focus from nothing.
      if (event.detail.requestConfig?.triggeringEvent?.isTrusted === false && !goesToOffers) return;
      goesToOffers = false;
      if (id === "negotiator") focusOffers();
      $(`#${id} form :is(input:not([type=hidden]), select, a.btn)`)?.focus();
    } else if (id === "timeline" && event.detail.requestConfig?.verb === "get") $("#timeline [aria-current]")?.focus({ preventScroll: true });
    else if (["promises", "arrangements", "timeline"].includes(id)) $("#case-name")?.focus({ preventScroll: true });
    else if (id === "desk" || (id === "case" && event.detail.requestConfig?.elt?.matches("[data-do], form"))) {
      scrollTo({ top: 0 });
      if (isSheet()) $("#case-name")?.focus({ preventScroll: true });
      else focusResults();
    } else if (id === "case") {
      // What opens by itself while one is typing leaves one there.
      const isTypingOn = document.activeElement?.id === "search" && !goesThere;
      goesThere = false;
      if (!isTypingOn) $("#case-name")?.focus({ preventScroll: true });
    } else if (id === "queue-results") onFound();
  });
  // A page that opens with the negotiator has its figures once htmx is there.
  document.addEventListener("htmx:load", () => $("[data-gestion]") && workOut($("[data-gestion]")));
  document.addEventListener("htmx:pushedIntoHistory", prepare);
  document.addEventListener("htmx:historyRestore", prepare);
  prepare();
})();
