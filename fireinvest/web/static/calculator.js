// Keeps the calculator's result up to date while somebody types. Without it the page works as a
// plain form; this only spares the button.

import { spoken, takeOver } from "./facts.js";
import { isTyped } from "./typed.js";

const WAIT = 350; // milliseconds without a key before the answer is asked for

const panels = document.getElementById("panels");
const announce = document.getElementById("announce");
const form = () => document.getElementById("facts");

let timer = 0;
let asked = 0;
let running = null;

/** What the form says, without blanks; while typing, without rows that are only half filled in. */
function query(isFinal) {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form())) {
    const text = value.trim();
    if (text === "") continue;
    const row = /^since-(\d+)-/.exec(name);
    if (row && !isFinal && !isWhole(row[1])) continue;
    found.append(name, text);
  }
  return found;
}

function isWhole(place) {
  const value = (part) => document.getElementById(`since-${place}-${part}`)?.value;
  return Boolean(value("step") && value("on"));
}

function soon() {
  window.clearTimeout(timer);
  timer = window.setTimeout(() => refresh(false), WAIT);
}

async function refresh(isFinal) {
  window.clearTimeout(timer);
  const found = query(isFinal);
  const turn = ++asked;
  running?.abort();
  running = new AbortController();
  const here = new URLSearchParams(window.location.search);
  const ask = new URLSearchParams(found);
  if (here.has("lang")) ask.set("lang", here.get("lang"));
  panels.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(`${panels.dataset.live}?${ask}`, {
      signal: running.signal,
      credentials: "same-origin",
    });
    if (answer.status !== 200 && answer.status !== 400) throw new Error(String(answer.status));
    const text = await answer.text();
    if (turn !== asked) return;
    show(new DOMParser().parseFromString(text, "text/html"));
    remember(found, here);
  } catch (problem) {
    // The button still works; the page stays as it was.
    if (problem.name !== "AbortError") panels.dataset.stale = "true";
  } finally {
    if (turn === asked) panels.removeAttribute("aria-busy");
  }
}

/** Takes over the new result and problems, and leaves what is being typed alone. */
function show(fresh) {
  delete panels.dataset.stale;
  const result = takeOver(form(), fresh, ["division", "category"]);
  equip(result);
  const due = [...result.querySelectorAll(".clock")].map(
    (clock) => `${clock.querySelector("h3").textContent.trim()} ${clock.querySelector(".due time").textContent}`,
  );
  announce.textContent = spoken(result, due);
}

function remember(found, here) {
  const shown = new URLSearchParams(found);
  if (here.has("lang")) shown.set("lang", here.get("lang"));
  const address = shown.size === 0 ? panels.dataset.page : `${panels.dataset.page}?${shown}`;
  window.history.replaceState(null, "", address);
  for (const link of document.querySelectorAll(".languages a")) {
    const other = new URLSearchParams(found);
    other.set("lang", new URL(link.href).searchParams.get("lang"));
    link.href = `${panels.dataset.page}?${other}`;
  }
}

// ---------------------------------------------------------------- rows of what happened since

function keepRows() {
  const list = form().querySelector("[data-rows]");
  const rows = [...list.querySelectorAll("[data-row]")];
  for (const row of rows) showNumber(row);
  const last = rows.at(-1);
  if (last.querySelector("select").value && rows.length < 24) {
    const next = last.cloneNode(true);
    const place = rows.length;
    for (const part of next.querySelectorAll("*")) {
      for (const name of ["id", "name", "for", "aria-describedby", "data-problems"]) {
        const value = part.getAttribute(name);
        if (value) part.setAttribute(name, value.replace(/^since-\d+/, `since-${place}`));
      }
      part.removeAttribute("aria-invalid");
      if ("value" in part && part.tagName !== "OPTION") part.value = "";
      if (part.matches("[data-problems]")) part.replaceChildren();
    }
    list.append(next);
    showNumber(next);
  }
}

function showNumber(row) {
  const wanted = row.querySelector("select").selectedOptions[0]?.dataset.number;
  const part = row.querySelector(".happened-number");
  part.hidden = !wanted && !part.querySelector("input").value;
  if (wanted) part.querySelector("label").textContent = wanted;
}

// ---------------------------------------------------------------- tools below the result

function equip(result) {
  const print = result.querySelector("#print");
  if (print) {
    print.hidden = false;
    print.addEventListener("click", () => window.print());
  }
  const share = result.querySelector("#share");
  share?.addEventListener("click", (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    copy(share.href).then(() => {
      announce.textContent = share.dataset.done;
      share.querySelector("span").textContent = share.dataset.done;
    });
  });
}

/** Copies on plain http as well, where browsers offer no clipboard. */
async function copy(text) {
  if (navigator.clipboard) {
    try {
      await navigator.clipboard.writeText(text);
      return;
    } catch {
      // Not permitted here: the older way may be.
    }
  }
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  document.execCommand("copy");
  field.remove();
}

form().addEventListener("input", (event) => {
  if (event.target.matches("[data-row] *")) keepRows();
  soon();
});
form().addEventListener("change", soon);
form().addEventListener("submit", (event) => {
  event.preventDefault();
  refresh(true);
});
keepRows();
equip(document.getElementById("result"));
// Somebody quick has written before this script was there.
if (isTyped(form())) soon();
