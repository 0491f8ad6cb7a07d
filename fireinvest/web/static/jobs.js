// Moves the bar of long work while it goes on, and shows the page anew when it is over. Without it
// the page is loaded again every few seconds.

const EVERY = 1500; // milliseconds

const card = document.querySelector("[data-job]");
const bar = card.querySelector("[data-job-bar]");
const stage = card.querySelector("[data-job-stage]");
const state = document.querySelector("[data-job-state]");

async function look() {
  try {
    const answer = await fetch(card.dataset.job, { headers: { Accept: "application/json" } });
    if (answer.redirected || !answer.ok) {
      window.location.reload();
      return;
    }
    const found = await answer.json();
    if (!found.is_open) {
      window.location.reload();
      return;
    }
    if (state.textContent !== found.words) state.textContent = found.words;
    if (found.share === null) bar.removeAttribute("value");
    else bar.value = found.share;
    const words = found.share === null ? found.stage : `${found.stage} ${found.share} %`;
    if (found.stage && stage.textContent !== words) stage.textContent = words;
  } catch {
    // The line is broken; the next look may reach it.
  }
  setTimeout(look, EVERY);
}

setTimeout(look, EVERY);
