// Sends the files of an <input type="file" data-uploads="address"> in parts, with progress, and goes
// on after a broken line, a reload or a new sign-in. Each that has arrived is named by the form as a
// staged file. Without it the files come with the form.

const AT_ONCE = 2; // files on their way
const FIRST = 1024 * 1024; // bytes by which the same file is known again
const WAITS = [1, 2, 4, 8, 15, 30]; // seconds until the next try
const MOST_TRIES = 40;

class Refused extends Error {}
class SignedOut extends Error {}

function watch(input) {
  const form = input.form;
  const list = form.querySelector("[data-upload-list]");
  const state = form.querySelector("[data-upload-state]");
  const words = input.dataset;
  const address = words.uploads;
  const rows = new Set();
  let running = 0;
  let held = null;

  let token = form.elements.csrf_token.value;

  function say(text) {
    if (state.textContent !== text) state.textContent = text;
  }

  function take() {
    for (const file of input.files) add(file);
    // The form must not send them once more.
    input.value = "";
    next();
  }

  input.addEventListener("change", take);

  function add(file) {
    const row = { file, state: "waits", id: null, tries: 0, isDropped: false };
    row.element = document.createElement("li");
    row.name = document.createElement("span");
    row.name.textContent = file.name;
    row.progress = document.createElement("progress");
    row.progress.max = file.size || 1;
    row.progress.value = 0;
    row.progress.setAttribute("aria-label", file.name);
    row.text = document.createElement("span");
    row.text.className = "quiet";
    row.text.textContent = words.waits;
    row.more = button(words.goOn, () => {
      row.tries = 0;
      row.state = "waits";
      next();
    });
    row.more.hidden = true;
    row.drop = button(words.drop, () => drop(row));
    row.element.append(row.name, row.progress, row.text, row.more, row.drop);
    for (const known of list.querySelectorAll("[data-unfinished]")) {
      if (known.dataset.unfinished === `${file.name}/${file.size}`) known.remove();
    }
    list.append(row.element);
    rows.add(row);
  }

  function button(label, act) {
    const made = document.createElement("button");
    made.type = "button";
    made.className = "button-small";
    made.textContent = label;
    made.addEventListener("click", act);
    return made;
  }

  function next() {
    for (const row of rows) {
      if (running >= AT_ONCE) return;
      if (row.state === "waits") {
        running += 1;
        row.state = "runs";
        row.more.hidden = true;
        run(row).finally(() => {
          running -= 1;
          next();
          release();
        });
      }
    }
  }

  async function run(row) {
    for (;;) {
      try {
        await send(row);
        return;
      } catch (problem) {
        if (row.isDropped) return;
        if (problem instanceof Refused) {
          stop(row, problem.message);
          return;
        }
        if (problem instanceof SignedOut) {
          stop(row, words.signedOut, true);
          return;
        }
        row.tries += 1;
        if (row.tries > MOST_TRIES) {
          stop(row, words.failed, true);
          return;
        }
        row.text.textContent = words.again;
        say(`${row.file.name}: ${words.again}`);
        await pause(WAITS[Math.min(row.tries, WAITS.length) - 1]);
        if (row.isDropped) return;
      }
    }
  }

  function stop(row, text, canGoOn = false) {
    row.state = canGoOn ? "stopped" : "refused";
    row.text.textContent = text;
    row.more.hidden = !canGoOn;
    row.element.classList.toggle("is-refused", !canGoOn);
    say(`${row.file.name}: ${text}`);
  }

  async function send(row) {
    const { file } = row;
    row.mark ??= await markOf(file);
    const begun = await ask("", { name: file.name, size: file.size, mark: row.mark });
    row.id = begun.id;
    let arrived = begun.arrived;
    show(row, arrived);
    while (arrived < file.size) {
      if (row.isDropped) return;
      const part = file.slice(arrived, arrived + begun.part);
      const answer = await sendPart(row.id, arrived, part);
      arrived = answer.arrived;
      row.tries = 0;
      show(row, arrived);
    }
    if (row.isDropped) return;
    row.text.textContent = words.checks;
    const staged = await ask(`/${row.id}/finish`, {});
    arrive(row, staged);
  }

  function show(row, arrived) {
    row.progress.value = arrived;
    row.text.textContent = filled(words.runs, arrived, row.file.size);
  }

  function arrive(row, staged) {
    rows.delete(row);
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    box.name = "staged";
    box.value = staged.id;
    box.checked = true;
    label.append(box, ` ${staged.name}`);
    const told = document.createElement("span");
    told.className = "quiet";
    told.textContent = `${readable(staged.size)} · ${words.done}`;
    row.element.replaceChildren(label, told);
    say(`${staged.name}: ${words.done}`);
    // So that a draft names it as well.
    box.dispatchEvent(new Event("input", { bubbles: true }));
  }

  async function drop(row) {
    row.isDropped = true;
    rows.delete(row);
    row.element.remove();
    release();
    if (row.id) await ask(`/${row.id}/drop`, {}).catch(() => {});
  }

  // ------------------------------------------------------------------ asking the server

  async function ask(path, fields) {
    for (let isAgain = false; ; isAgain = true) {
      const body = new URLSearchParams({ ...fields, csrf_token: token });
      const answer = await fetch(address + path, {
        method: "POST",
        body,
        headers: { "X-Requested-With": "fetch" },
        credentials: "same-origin",
        redirect: "manual",
      });
      if (answer.ok) return answer.status === 204 ? {} : answer.json();
      if (!isAgain && answer.status === 400 && !isJson(answer)) {
        await renew();
        continue;
      }
      await refuse(answer);
    }
  }

  async function sendPart(id, offset, part) {
    const headers = {
      "X-Requested-With": "fetch",
      "X-CSRFToken": token,
      "Content-Type": "application/octet-stream",
    };
    const digest = await digestOf(part);
    if (digest) headers["X-Part-SHA256"] = digest;
    const answer = await fetch(`${address}/${id}?offset=${offset}`, {
      method: "PATCH",
      body: part,
      headers,
      credentials: "same-origin",
      redirect: "manual",
    });
    if (answer.ok) return answer.json();
    // Something else has arrived than was thought: the server says what.
    if (answer.status === 409) {
      const told = await answer.json();
      if (told.arrived !== offset) return told;
      throw new Error("damaged on its way");
    }
    if (answer.status === 400 && !isJson(answer)) await renew();
    await refuse(answer);
  }

  function isJson(answer) {
    return (answer.headers.get("Content-Type") ?? "").startsWith("application/json");
  }

  /** A token that fits, as after signing in anew in another window. */
  async function renew() {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
    if (answer.status === 401) throw new SignedOut();
    if (!answer.ok) throw new Error(`${answer.status}`);
    token = (await answer.json()).token;
  }

  async function refuse(answer) {
    if (answer.status === 401) throw new SignedOut();
    if (answer.status === 400 && isJson(answer)) {
      throw new Refused((await answer.json()).problems.join(" "));
    }
    throw new Error(`${answer.status}`);
  }

  // ------------------------------------------------------------------ the form

  function isBusy() {
    return [...rows].some((row) => row.state === "waits" || row.state === "runs");
  }

  /** A form that was sent too early goes when its files are here. */
  function release() {
    if (!held || isBusy()) return;
    const submitter = held;
    held = null;
    say("");
    if ([...rows].some((row) => row.state !== "refused")) return;
    form.requestSubmit(submitter.form === form ? submitter : undefined);
  }

  form.addEventListener(
    "submit",
    (event) => {
      if (!isBusy() || event.submitter?.value === "draft") return;
      event.preventDefault();
      event.stopImmediatePropagation();
      held = event.submitter ?? form;
      say(words.hold);
    },
    { capture: true },
  );
  window.addEventListener("beforeunload", (event) => {
    if (isBusy()) event.preventDefault();
  });

  // ------------------------------------------------------------------ what was begun before

  async function tellUnfinished() {
    const answer = await fetch(address, { headers: { "X-Requested-With": "fetch" } });
    if (!answer.ok) return;
    const told = await answer.json();
    for (const each of told.uploads) {
      if ([...rows].some((row) => row.file.name === each.name && row.file.size === each.size)) continue;
      const element = document.createElement("li");
      element.dataset.unfinished = `${each.name}/${each.size}`;
      const name = document.createElement("span");
      name.textContent = each.name;
      const text = document.createElement("span");
      text.className = "quiet";
      text.textContent = filled(words.unfinished, each.arrived, each.size);
      const away = button(words.drop, () => {
        element.remove();
        ask(`/${each.id}/drop`, {}).catch(() => {});
      });
      element.append(name, text, away);
      list.append(element);
    }
  }

  tellUnfinished().catch(() => {});
  // Somebody quick has chosen files before this script was there.
  if (input.files.length) take();
}

/** What makes it the same file again: when it was changed, and how it begins. */
async function markOf(file) {
  return `${file.lastModified}-${(await digestOf(file.slice(0, FIRST))) ?? ""}`;
}

/** The SHA-256, where the browser tells it: not on a plain line. */
async function digestOf(blob) {
  if (!window.crypto?.subtle) return null;
  const digest = await window.crypto.subtle.digest("SHA-256", await blob.arrayBuffer());
  return [...new Uint8Array(digest)].map((each) => each.toString(16).padStart(2, "0")).join("");
}

function pause(seconds) {
  return new Promise((resolve) => {
    const timer = window.setTimeout(resolve, seconds * 1000);
    window.addEventListener(
      "online",
      () => {
        window.clearTimeout(timer);
        resolve();
      },
      { once: true },
    );
  });
}

function filled(text, arrived, size) {
  return text.replace("{arrived}", readable(arrived)).replace("{size}", readable(size));
}

function readable(size) {
  for (const [unit, name] of [[1024 ** 3, "GB"], [1024 ** 2, "MB"], [1024, "KB"]]) {
    if (size >= unit) return `${Math.floor((size * 10) / unit) / 10} ${name}`;
  }
  return `${size} B`;
}

for (const input of document.querySelectorAll("input[type=file][data-uploads]")) watch(input);
