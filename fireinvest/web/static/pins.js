// A click on a plan opens the form of a new pin at that place. Without script it is typed there.
const plan = document.querySelector("[data-pins-to]");
const hint = document.querySelector("[data-pin-hint]");
const WHOLE = 1000;

if (plan) {
  if (hint) hint.hidden = false;
  plan.addEventListener("click", (event) => {
    if (event.target.closest("a")) return;
    const box = plan.getBoundingClientRect();
    const part = (at, from, size) => Math.min(WHOLE, Math.max(0, Math.round(((at - from) / size) * WHOLE)));
    const address = new URL(plan.dataset.pinsTo, location.href);
    address.searchParams.set("across", part(event.clientX, box.left, box.width));
    address.searchParams.set("down", part(event.clientY, box.top, box.height));
    location.href = address.href;
  });
}
