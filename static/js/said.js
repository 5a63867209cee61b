// Dates and amounts are typed as they are said. The server reads them; what it reads stands below the field, and in the
// field itself once one leaves it: «mañana» is another day tomorrow.
(() => {
  const PAUSE_MS = 150;
  const { url } = document.currentScript.dataset;
  const pending = new WeakMap();

  const hintOf = (field) => {
    let hint = field.parentElement.querySelector("[data-said-shown]");
    if (!hint) {
      hint = document.createElement("p");
      hint.className = "said";
      hint.dataset.saidShown = "";
      hint.setAttribute("role", "status");
      field.after(hint);
    }
    return hint;
  };

  const show = (field, { shown, error }) => {
    const hint = hintOf(field);
    hint.textContent = shown === field.value ? "" : shown || error;
    hint.toggleAttribute("data-wrong", Boolean(error));
    if (shown && field.dataset.said !== "amount" && document.activeElement !== field && field.value !== shown) {
      field.value = shown;
      hint.textContent = "";
      field.dispatchEvent(new Event("input", { bubbles: true }));
    }
  };

  const read = async (field) => {
    pending.get(field)?.abort();
    const text = field.value.trim();
    if (!text || field.dataset.saidText === text) {
      if (!text) hintOf(field).textContent = "";
      return;
    }
    const request = new AbortController();
    pending.set(field, request);
    try {
      const query = new URLSearchParams({ kind: field.dataset.said, text });
      const answer = await fetch(`${url}?${query}`, { signal: request.signal, headers: { Accept: "application/json" } });
      const reading = await answer.json();
      if (field.value.trim() !== text) return;
      show(field, reading);
      field.dataset.saidText = field.value.trim();
    } catch {
      // Replaced by the next one, no network, or the session has ended: the save reads it all the same.
    }
  };

  const timers = new WeakMap();
  document.addEventListener("input", (event) => {
    const field = event.target;
    if (!field.matches("[data-said]") || !event.isTrusted) return;
    delete field.dataset.saidText;
    clearTimeout(timers.get(field));
    timers.set(field, setTimeout(() => read(field), PAUSE_MS));
  });
  document.addEventListener("focusout", (event) => {
    const field = event.target;
    if (!field.matches("[data-said]") || !field.value.trim()) return;
    clearTimeout(timers.get(field));
    delete field.dataset.saidText;
    if (field.value !== field.defaultValue) setTimeout(() => read(field));
  });
})();
