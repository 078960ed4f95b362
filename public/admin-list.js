// The list of preorders: choosing rows without a new page. The links and forms do it all without this.
(() => {
  const form = document.getElementById("bulk");
  if (!form) return;
  const boxes = [...document.querySelectorAll('input[form="bulk"][type="checkbox"]')];
  const all = form.querySelector("[data-choose]");
  const count = form.querySelector(".bulk-count");
  const tell = () => {
    const chosen = boxes.filter((box) => box.checked).length;
    count.textContent = chosen ? `${chosen} chosen` : "";
    all.textContent = chosen === boxes.length ? "Choose none" : "Choose all on this page";
  };
  all.addEventListener("click", (event) => {
    event.preventDefault();
    const choose = boxes.some((box) => !box.checked);
    for (const box of boxes) box.checked = choose;
    tell();
  });
  for (const box of boxes) box.addEventListener("change", tell);
  tell();
})();
