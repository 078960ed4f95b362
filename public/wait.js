// The success page asks until Stripe's answer is here, then shows itself anew. Without script a refresh does the same.
(() => {
  const place = document.querySelector("[data-wait]");
  if (!place) return;
  const address = "/api/order_state?session_id=" + encodeURIComponent(place.dataset.wait);
  const started = Date.now();

  async function ask() {
    try {
      const answer = await fetch(address, { headers: { Accept: "application/json" }, cache: "no-store" });
      if (answer.ok) {
        const { state } = await answer.json();
        if (state && state !== place.dataset.state) return location.reload();
      }
    } catch {
      // Offline, or the server restarts: the next question may be answered.
    }
    const waited = Date.now() - started;
    if (waited > 15_000) place.querySelector("[data-still]").hidden = false;
    setTimeout(ask, waited < 30_000 ? 1_200 : 5_000);
  }
  ask();
})();
