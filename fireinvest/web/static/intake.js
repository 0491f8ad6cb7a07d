// Keeps the consequences of a reported fire up to date while somebody types. Without it a button
// does the same.

import { spoken, takeOver } from "./facts.js";
import { isTyped } from "./typed.js";

const WAIT = 350; // milliseconds without a key before the answer is asked for

const panels = document.getElementById("panels");
const form = document.getElementById("facts");
const announce = document.getElementById("announce");

let timer = 0;
let asked = 0;
let running = null;

function soon() {
  window.clearTimeout(timer);
  timer = window.setTimeout(refresh, WAIT);
}

async function refresh() {
  const turn = ++asked;
  const body = new URLSearchParams(new FormData(form));
  // A form that came back still says what is needed.
  if ("draftUnkept" in form.dataset) body.set("sent", "yes");
  running?.abort();
  running = new AbortController();
  panels.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(panels.dataset.live, {
      method: "POST",
      body,
      headers: { "X-Requested-With": "fetch" },
      signal: running.signal,
      credentials: "same-origin",
      redirect: "error",
    });
    if (answer.status !== 200 && answer.status !== 400) throw new Error(String(answer.status));
    const text = await answer.text();
    if (turn !== asked) return;
    show(new DOMParser().parseFromString(text, "text/html"));
  } catch (problem) {
    // The form can still be sent; what was shown stays, and looks its age.
    if (problem.name !== "AbortError") panels.dataset.stale = "true";
  } finally {
    if (turn === asked) panels.removeAttribute("aria-busy");
  }
}

function show(fresh) {
  if (!fresh.getElementById("result")) throw new Error("no answer of ours");
  delete panels.dataset.stale;
  const result = takeOver(form, fresh, ["division", "category", "carrier"]);
  const dues = [...result.querySelectorAll(".date")].map(
    (each) => `${each.querySelector(".date-name").firstChild.textContent.trim()} ${each.querySelector("time").textContent}`,
  );
  const text = spoken(result, dues);
  if (announce.textContent !== text) announce.textContent = text;
}

for (const each of form.querySelectorAll("[data-without-script]")) each.hidden = true;
form.addEventListener("input", soon);
form.addEventListener("change", soon);
// Somebody quick has written before this script was there.
if (isTyped(form)) soon();
// A page that the browser brings back, or reloads, may hold other text than the server sent.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) soon();
});
