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
  const results = () => $$("[data-result] input");

  const focusResults = () => {
    const radios = results();
    (radios.find((radio) => radio.checked) || radios.find((radio) => !radio.closest("[hidden]")))?.focus();
  };

  const chosen = (form) => $("[data-result] input:checked", form);

  // What the code proposes is written into the field until the person writes there.
  const propose = (form) => {
    const result = chosen(form);
    const when = $("#id_next_action_at", form);
    const hint = $("[data-next-hint]", form);
    const hasPromise = $("#id_with_promise", form).checked || result?.hasAttribute("data-needs-promise");
    if (!when.dataset.typed) when.value = result && !hasPromise ? result.dataset.proposed : "";
    if (result?.hasAttribute("data-asks-when")) hint.textContent = "Indique el día y la hora acordados.";
    else if (result?.hasAttribute("data-stops")) hint.textContent = `Este resultado ${result.dataset.stops}.`;
    else if (hasPromise) hint.textContent = "Vacía: el día hábil anterior a la promesa.";
    else hint.textContent = when.value && !when.dataset.typed ? "Propuesta por el resultado; puede cambiarla." : "Vacía: la decide el resultado.";
    if (result?.hasAttribute("data-needs-promise")) $("#id_with_promise", form).checked = true;
    const type = result && $(`input[name=type][value="${result.dataset.type}"]`, form);
    if (type) type.checked = true;
  };

  const open = (part) => {
    const box = $(`[data-part="${part}"] .part-toggle input`);
    if (!box) return;
    box.checked = true;
    box.dispatchEvent(new Event("change", { bubbles: true }));
    const field = $(`[data-part="${part}"] .part-fields input`);
    field?.focus();
    field?.select?.();
  };

  const filterResults = (text) => {
    const plain = (value) => value.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const wanted = plain(text.trim());
    $$("[data-result]").forEach((label) => {
      label.hidden = !plain(label.textContent).includes(wanted);
    });
    $$("[data-group]").forEach((heading) => {
      heading.hidden = Boolean(wanted);
    });
  };

  document.addEventListener("input", (event) => {
    if (event.target.matches("[data-result-search]")) filterResults(event.target.value);
    if (event.target.id === "id_next_action_at") event.target.dataset.typed = "yes";
  });

  // A field reached by keyboard comes whole into sight, above the bar that saves; a click must find what it aimed at.
  document.addEventListener("focusin", (event) => {
    const field = event.target;
    if (field.closest("[data-gestion]") && field.matches(":focus-visible")) field.scrollIntoView({ block: "nearest" });
  });

  document.addEventListener("change", (event) => {
    const form = event.target.closest("[data-gestion]");
    if (form && (event.target.name === "result" || event.target.name === "with_promise")) propose(form);
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
    const use = event.target.closest("[data-use-promise]");
    if (!use) return;
    event.preventDefault();
    open("promise");
    const amount = $("#id_promise_amount");
    amount.value = use.dataset.usePromise.replace("$", "").trim();
    amount.dispatchEvent(new Event("input", { bubbles: true }));
    $("#id_promise_date").focus();
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
  });

  // The phone that was named may have left the list meanwhile.
  const checkPhone = (form) => {
    const said = $("#id_phone_said", form);
    if (said.value && said.value !== "asked" && said.value !== $("#id_phone", form).value) say(form, "", "");
  };

  // --- A result that stops: the second step is another one, not the rest of a double click ----------
  const STOP_PAUSE_MS = 600;
  let stopShownAt = 0;
  document.addEventListener(
    "click",
    (event) => {
      if (!event.target.closest("[data-confirm-stop]")) return;
      if (performance.now() - stopShownAt < STOP_PAUSE_MS) event.preventDefault();
    },
    true,
  );
  document.addEventListener("keydown", (event) => {
    if (event.repeat && event.key === "Enter" && event.target.closest("[data-confirm-stop]")) event.preventDefault();
  });

  // --- Keys ---------------------------------------------------------------------------------------
  const showKeys = () => {
    const dialog = $("#keys");
    if (!dialog) return;
    $("[data-keys-switch]").checked = singleKeys();
    dialog.showModal();
  };

  const pick = (digit) => {
    const radio = results().find((input) => input.dataset.shortcut === digit);
    if (!radio) return;
    choose(radio);
  };

  // Where one goes on after a result: at what it asks for, else at the result itself.
  const choose = (radio) => {
    radio.focus();
    radio.checked = true;
    radio.dispatchEvent(new Event("change", { bubbles: true }));
    const asked = radio.hasAttribute("data-needs-promise") ? "#id_promise_amount" : radio.hasAttribute("data-asks-when") ? "#id_next_action_at" : "";
    if (!asked) return;
    $(asked).focus();
    $(asked).select();
  };

  const call = () => {
    const phone = $("#gestion #id_phone")?.value;
    ($(`a[data-call="${phone}"][href^="tel:"]`) ?? $('a[data-call][href^="tel:"]'))?.click();
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
      if (isTyping(document.activeElement)) $("#case-name")?.focus({ preventScroll: true });
    },
    snooze: () => {
      const fold = $("[data-do=snooze]")?.closest("details");
      if (!fold) return;
      fold.open = !fold.open;
      (fold.open ? $("button", fold) : $("#case-name"))?.focus();
    },
    undo: () => $("[data-do=undo]")?.click(),
    keys: showKeys,
  };

  // The offer to undo ends by itself.
  const endOffer = () => {
    const offer = $("[data-undo]");
    if (!offer || offer.dataset.ends) return;
    offer.dataset.ends = "soon";
    setTimeout(() => offer.remove(), 1000 * Number(offer.dataset.undo));
  };
  document.addEventListener("htmx:afterSettle", endOffer);
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-undo]")) return;
    if (event.target.dataset.sent) event.preventDefault(); // the second of two quick clicks
    event.target.dataset.sent = "yes";
  });
  endOffer();

  // The table that the page prints: key → command.
  const bindings = () =>
    new Map($$("[data-command]").flatMap((row) => row.dataset.keys.split(" ").map((key) => [key, COMMANDS[row.dataset.command]])));

  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.isComposing || event.altKey || $("dialog[open]")) return;
    const isChord = event.ctrlKey || event.metaKey;
    if (event.target.matches("[data-result-search]") && !isChord && (event.key === "Enter" || event.key === "ArrowDown")) {
      event.preventDefault();
      const first = $$("[data-result]:not([hidden]) input")[0];
      if (first && event.key === "Enter") choose(first);
      else first?.focus();
      return;
    }
    const isSingle = !isChord && event.key.length === 1;
    if (isSingle && (isTyping(event.target) || !singleKeys() || event.repeat)) return;
    const command = bindings().get(isChord ? `Ctrl+${event.key.length === 1 ? event.key.toLowerCase() : event.key}` : event.key);
    const isDigit = isSingle && /^[0-9]$/.test(event.key);
    if (!command && !isDigit) return;
    if (event.key !== "Escape") event.preventDefault();
    if (window.novaIsBusy?.() && (isDigit || [COMMANDS.call, COMMANDS.save].includes(command))) return;
    if (command) command();
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

  // --- After htmx has swapped ---------------------------------------------------------------------
  const prepare = () => {
    showDue();
    $$("[data-script-only]").forEach((element) => {
      element.hidden = false;
    });
    const form = $("[data-gestion]");
    if (form && $("#id_next_action_at", form).value) $("#id_next_action_at", form).dataset.typed = "yes";
    if (form) checkPhone(form);
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
    propose(form);
  });

  // Where the person goes on: at what is wrong, else at the form of the case that came.
  document.addEventListener("htmx:afterSettle", (event) => {
    prepare();
    const id = event.detail.target?.id || event.target.id;
    const invalid = $("[aria-invalid=true]:not([type=hidden])") || $(".field-error")?.closest("fieldset")?.querySelector("input");
    // What is wrong with one field, else with the whole form: somebody else changed the case meanwhile.
    const wrong = ["gestion", "contact", "phones", "snooze"].includes(id) && (invalid || $(`#${id} [role=alert]`));
    const stop = id === "gestion" && $("[data-confirm-stop]");
    if (stop) {
      stopShownAt = performance.now();
      stop.focus();
    } else if (wrong) wrong.focus();
    else if (["contact", "phones", "calculator"].includes(id)) {
      // What the page opens by itself, because a draft waits there, takes the focus from nothing.
      if (event.detail.requestConfig?.triggeringEvent?.isTrusted === false) return;
      $(`#${id} form :is(input:not([type=hidden]), select, a.btn)`)?.focus();
    } else if (["promises", "timeline"].includes(id)) $("#case-name")?.focus({ preventScroll: true });
    else if (id === "desk") {
      scrollTo({ top: 0 });
      focusResults();
    } else if (id === "case") $("#case-name")?.focus({ preventScroll: true });
  });
  document.addEventListener("htmx:pushedIntoHistory", prepare);
  document.addEventListener("htmx:historyRestore", prepare);
  prepare();
})();
