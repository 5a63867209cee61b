// Theme choice: auto (the system's), light or dark. Loaded in <head> without defer, so that a dark page never flashes white.
// The key and its values are those of the Django admin: one choice serves both.
(() => {
  const KEY = "theme";
  const CHOICES = ["auto", "light", "dark"];
  const root = document.documentElement;

  const stored = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden; the choice then lasts for the page
    }
  };

  const apply = (choice) => {
    root.dataset.themeChoice = choice;
    if (choice === "auto") {
      delete root.dataset.theme;
    } else {
      root.dataset.theme = choice;
    }
    document.querySelectorAll("[data-theme-toggle]").forEach((button) => {
      const label = button.dataset[`label${choice[0].toUpperCase()}${choice.slice(1)}`];
      button.hidden = false;
      button.title = label;
      button.setAttribute("aria-label", label);
    });
  };

  const current = () => (CHOICES.includes(stored()) ? stored() : "auto");

  apply(current());
  document.addEventListener("DOMContentLoaded", () => apply(root.dataset.themeChoice));
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const next = CHOICES[(CHOICES.indexOf(root.dataset.themeChoice) + 1) % CHOICES.length];
    try {
      localStorage.setItem(KEY, next);
    } catch {
      // see stored()
    }
    apply(next);
  });
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) apply(current());
  });
})();
