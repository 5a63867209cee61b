// The offer to undo what was just saved ends by itself, and is taken once.
(() => {
  const endOffer = () => {
    const offer = document.querySelector("[data-undo]");
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
})();
