// Keeps what somebody writes as a draft, for every <form data-draft="its address">, and sends a
// <form data-once> only once. Without it the button "Keep as a draft" does the former, and the
// server the latter.

import { isTyped } from "./typed.js";

const QUIET = 2000; // milliseconds without a key before the draft is kept
const LONGEST = 10000; // and never later than this after the first one

const clock = new Intl.DateTimeFormat("en-GB", {
  hour: "2-digit",
  minute: "2-digit",
  timeZone: "Asia/Shanghai",
});

function watch(form) {
  const state = form.querySelector("[data-draft-state]");
  // What came back with problems is kept at once, without waiting for a key.
  let kept = "draftUnkept" in form.dataset ? null : written(form);
  let timer = 0;
  let since = 0;
  let running = null;
  let isOver = false;

  function soon() {
    if (isOver) return;
    const now = Date.now();
    since ||= now;
    window.clearTimeout(timer);
    timer = window.setTimeout(keep, Math.max(0, Math.min(QUIET, since + LONGEST - now)));
  }

  async function keep(isLast = false) {
    window.clearTimeout(timer);
    const text = written(form);
    if (isOver || text === kept) return;
    since = 0;
    running?.abort();
    const mine = (running = new AbortController());
    let status = 0;
    try {
      const answer = await fetch(state?.dataset.to ?? "/drafts", {
        method: "POST",
        body: addressed(form, text),
        headers: { "X-Requested-With": "fetch" },
        credentials: "same-origin",
        redirect: "manual",
        // A browser carries 64 kB at most beyond the end of a page.
        keepalive: isLast === true && text.length < 20000,
        signal: mine.signal,
      });
      status = answer.status;
    } catch (problem) {
      if (problem.name === "AbortError") return;
    }
    if (isOver) return;
    if (status === 204) kept = text;
    tell(state, status);
  }

  if (kept === null) {
    soon();
    // To load the page again then opens the draft, instead of sending the old text once more.
    window.history.replaceState(window.history.state, "", window.location.href);
  } else if (isTyped(form)) {
    // Somebody quick has written before this script was there.
    kept = "";
    soon();
  }
  form.addEventListener("input", soon);
  form.addEventListener("change", soon);
  form.addEventListener("submit", () => {
    // What is being sent is no draft any more; one on its way would come after it.
    isOver = true;
    window.clearTimeout(timer);
    running?.abort();
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") keep(true);
  });
  window.addEventListener("pagehide", () => keep(true));
  // Whoever throws the draft away does not want it kept on leaving.
  for (const drop of document.querySelectorAll("form[data-draft-drop]")) {
    drop.addEventListener("submit", () => {
      isOver = true;
      window.clearTimeout(timer);
      running?.abort();
    });
  }
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) isOver = false;
  });
}

/** What stands in the form, without files and without what belongs to the machine. */
function written(form) {
  const found = new URLSearchParams();
  for (const [name, value] of new FormData(form)) {
    if (typeof value === "string" && name !== "csrf_token") found.append(name, value);
  }
  return found.toString();
}

function addressed(form, text) {
  // In parts, not in an address' letters: those would make a long Chinese text three times as long.
  const body = new FormData();
  for (const [name, value] of new URLSearchParams(text)) body.append(name, value);
  body.set("form", form.dataset.draft);
  body.set("csrf_token", form.elements.csrf_token.value);
  return body;
}

/** Says it once; a text that stays the same is not read out again. */
function tell(state, status) {
  if (!state) return;
  const { kept = "✓ {time}", unkept = "✗", signedOut = "✗" } = state.dataset;
  const text =
    status === 204 ? kept.replace("{time}", clock.format(new Date())) : status === 401 ? signedOut : unkept;
  state.classList.toggle("is-unkept", status !== 204);
  if (state.textContent !== text) state.textContent = text;
}

/** Lets a form go once; the page can be sent again when the browser brings it back. */
function once(form) {
  const buttons = [...form.elements].filter((each) => each.type === "submit");
  let isSent = false;
  form.addEventListener("submit", (event) => {
    if (isSent) {
      event.preventDefault();
      return;
    }
    isSent = true;
    // Only afterwards: a button that is disabled at once would not be sent.
    window.setTimeout(() => {
      for (const each of buttons) each.disabled = true;
    });
  });
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    isSent = false;
    for (const each of buttons) each.disabled = false;
  });
}

for (const form of document.querySelectorAll("form[data-draft]")) watch(form);
for (const form of document.querySelectorAll("form[data-once]")) once(form);
