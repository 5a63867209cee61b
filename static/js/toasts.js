// Messages float over the page and can be closed; what went well leaves by itself. Without this script they stand in the flow.
(() => {
  const STAY_MS = 8000;
  const region = document.getElementById("messages");
  if (!region) return;

  const leaveLater = (toast) => {
    const leave = () => {
      // Whoever is reading or reaching for it keeps it.
      if (toast.matches(":hover, :focus-within")) setTimeout(leave, STAY_MS);
      else toast.remove();
    };
    setTimeout(leave, STAY_MS);
  };

  const dress = () => {
    region.querySelectorAll(".alert:not([data-dressed])").forEach((toast) => {
      toast.dataset.dressed = "";
      const button = document.createElement("button");
      button.type = "button";
      button.className = "toast-close";
      button.setAttribute("aria-label", "Cerrar el mensaje");
      button.textContent = "×";
      button.addEventListener("click", () => toast.remove());
      toast.append(button);
      if (toast.dataset.level === "success") leaveLater(toast);
    });
  };

  const say = (text) => {
    const toast = document.createElement("p");
    toast.className = "alert";
    toast.dataset.level = "error";
    toast.append(text);
    region.replaceChildren(toast);
  };

  region.dataset.floating = "";
  new MutationObserver(dress).observe(region, { childList: true });
  document.addEventListener("htmx:sendError", () => say("No hay conexión con el servidor. Lo que escribió sigue aquí: pruebe de nuevo."));
  document.addEventListener("htmx:responseError", (event) => {
    if (event.detail.xhr.status >= 500) say("Algo falló de nuestro lado. Lo que escribió sigue aquí: pruebe de nuevo.");
  });
  dress();
})();
