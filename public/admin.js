// Hands on the keyboard, copy buttons, and pages that refresh themselves, in the admin. Everything here can be done
// without it.
(() => {
  const page = document;
  page.documentElement.classList.add("scripted");
  const $ = (selector) => page.querySelector(selector);

  // --- Keyboard: `/` searches, `g` and a letter goes to a room, `?` says so. Escape closes, which the browser does.
  const dialog = $("#keyboard");
  let awaitsRoom = 0;
  page.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
    if (event.target.closest?.("input, textarea, select, [contenteditable]")) return;
    const goes = Date.now() - awaitsRoom < 1500;
    awaitsRoom = 0;
    if (dialog?.open) return;
    if (goes && /^[a-z]$/.test(event.key)) {
      const room = $(`[data-key="${event.key}"]`);
      if (!room) return;
      event.preventDefault();
      location.assign(room.href);
    } else if (event.key === "g") {
      awaitsRoom = Date.now();
    } else if (event.key === "/") {
      event.preventDefault();
      $("#q")?.focus();
      $("#q")?.select();
    } else if (event.key === "?") {
      event.preventDefault();
      dialog?.showModal();
    } else if (event.key === "Escape") {
      const open = event.target.closest?.("details[open]") ?? $(".picker[open], .definition[open]");
      if (!open) return;
      open.open = false;
      open.querySelector("summary")?.focus();
    }
  });

  page.addEventListener("click", (event) => {
    const opener = event.target.closest?.("[data-opens]");
    const opens = opener && page.getElementById(opener.dataset.opens);
    if (opens?.showModal && !(event.ctrlKey || event.metaKey || event.shiftKey)) {
      event.preventDefault();
      opens.showModal();
      return;
    }
    if (event.target === dialog) dialog.close();
    // A panel that floats closes when one goes on elsewhere.
    for (const open of page.querySelectorAll(".picker[open], .definition[open]")) {
      if (!open.contains(event.target)) open.open = false;
    }
    const copier = event.target.closest?.("[data-copy]");
    if (copier) copy(copier.dataset.copy);
  });

  // --- Copy buttons: hidden by the style sheet where there is no script.
  async function copy(text) {
    try {
      await navigator.clipboard.writeText(text);
      say("Copied");
    } catch {
      say("Could not copy: select it and copy by hand");
    }
  }

  let silence;
  function say(words) {
    const said = $("#said");
    if (!said) return;
    clearTimeout(silence);
    said.textContent = "";
    said.classList.remove("sr-only");
    // Emptied and filled again, so that the same words are read twice.
    requestAnimationFrame(() => (said.textContent = words));
    silence = setTimeout(() => {
      said.classList.add("sr-only");
      said.textContent = "";
    }, 2500);
  }

  // --- Live: the server says that something changed, the page is fetched again, and what is marked `data-live` is
  // replaced. A page that nobody looks at listens to nobody: a browser has six connections to a site.
  if (!$("main [data-live]") || !window.EventSource) return;
  let stream, later, fetching;

  function listen() {
    if (stream || page.hidden) return;
    stream = new EventSource("/admin/live");
    stream.addEventListener("changed", refresh);
    stream.addEventListener("error", () => {
      if (stream?.readyState !== EventSource.CLOSED) return;
      // Refused: the session has ended, or too many listen. The page asks by itself, and less often.
      stream = undefined;
      soon(60_000);
    });
  }

  page.addEventListener("visibilitychange", () => {
    if (page.hidden) {
      stream?.close();
      stream = undefined;
      clearTimeout(later);
    } else {
      listen();
      refresh();
    }
  });
  addEventListener("pagehide", () => stream?.close());
  addEventListener("pageshow", (event) => event.persisted && refresh());
  listen();

  function soon(wait) {
    clearTimeout(later);
    later = setTimeout(refresh, wait);
  }

  async function refresh() {
    if (fetching || page.hidden) return;
    fetching = true;
    clearTimeout(later);
    try {
      const answer = await fetch(location.href, { headers: { accept: "text/html" } });
      // Nobody is signed in any more: the login is where this page now leads.
      if (answer.redirected) return location.reload();
      if (answer.ok) put(new DOMParser().parseFromString(await answer.text(), "text/html"));
    } catch {
      soon(10_000);
    } finally {
      fetching = false;
    }
    if (!stream) listen();
  }

  function put(fresh) {
    for (const old of page.querySelectorAll("[data-live][id]")) {
      const next = fresh.getElementById(old.id);
      if (!next || next.outerHTML === old.outerHTML) continue;
      const focus = old.contains(page.activeElement) ? page.activeElement : undefined;
      // Somebody is typing, or reads what they have marked.
      if (focus?.matches("input, textarea, select") || marked(old)) continue;
      const way = focus && wayTo(focus, old);
      for (const open of old.querySelectorAll("details[open][id]")) {
        next.querySelector(`#${CSS.escape(open.id)}`)?.setAttribute("open", "");
      }
      for (const side of old.querySelectorAll("[data-scrolls][id]")) {
        const again = next.querySelector(`#${CSS.escape(side.id)}`);
        if (again) queueMicrotask(() => again.scrollTo(side.scrollLeft, side.scrollTop));
      }
      old.replaceWith(page.adoptNode(next));
      if (way) go(way, next)?.focus({ preventScroll: true });
    }
    // Dear numbers are kept for a while: what changed just now may not be in them yet.
    const stays = Number($("[data-stays]")?.dataset.stays);
    if (stays > 500) soon(stays + 100);
  }

  function marked(element) {
    const selection = getSelection();
    return selection && !selection.isCollapsed && selection.containsNode(element, true);
  }

  /// A focused element is found again by its address, else by its place.
  function wayTo(element, root) {
    const same = element.href ? [...root.querySelectorAll("a")].filter((a) => path(a) === path(element)) : [];
    const all = [...root.querySelectorAll("a, summary, button")];
    return { path: path(element), among: same.indexOf(element), place: all.indexOf(element) };
  }

  function go({ path: wanted, among, place }, root) {
    const same = wanted ? [...root.querySelectorAll("a")].filter((a) => path(a) === wanted) : [];
    return same[among] ?? root.querySelectorAll("a, summary, button")[place];
  }

  function path(element) {
    return element.getAttribute("href")?.split("?")[0];
  }
})();
