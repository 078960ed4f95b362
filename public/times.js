// The admin's times in the viewer's zone. The server knows the zone from a cookie and has written it so; at the first
// visit it could not, and this rewrites what it wrote.
(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone || "UTC";
  const known = document.cookie.match(/(?:^|; )rolitt_zone=([^;]*)/);
  if (known) return name(decodeURIComponent(known[1]));
  document.cookie = `rolitt_zone=${encodeURIComponent(zone)}; path=/; max-age=31536000; samesite=lax`;
  const two = (n, width = 2) => String(n).padStart(width, "0");
  let lastDay = "";
  for (const time of document.querySelectorAll("time[data-show]")) {
    const at = new Date(time.dateTime);
    if (Number.isNaN(at.valueOf())) continue;
    const clock = `${two(at.getHours())}:${two(at.getMinutes())}`;
    if (time.dataset.show === "day") {
      // A day is shown where it differs from the entry before, which another zone may move.
      const day = at.toLocaleDateString("en-GB", { weekday: "long", day: "numeric", month: "long", year: "numeric" });
      time.textContent = day;
      time.parentElement.hidden = day === lastDay;
      lastDay = day;
      continue;
    }
    time.textContent =
      time.dataset.show === "clock"
        ? `${clock}:${two(at.getSeconds())}.${two(at.getMilliseconds(), 3)}`
        : `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock}`;
  }
  name(zone);

  function name(zone) {
    for (const place of document.querySelectorAll("[data-zone]")) place.textContent = zone;
  }
})();
