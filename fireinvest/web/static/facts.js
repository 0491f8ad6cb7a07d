// What the pages share that ask for the facts of a fire: taking over a fresh answer without
// touching what is being typed.

/** Takes over the result, the problems beside the fields, and the choices of a fresh answer. */
export function takeOver(form, fresh, choices) {
  const result = fresh.getElementById("result");
  document.getElementById("result").replaceWith(result);
  for (const place of form.querySelectorAll("[data-problems]")) {
    const found = fresh.querySelector(`[data-problems="${place.dataset.problems}"]`);
    place.replaceChildren(...(found ? [...found.childNodes] : []));
  }
  for (const field of form.elements) {
    const problem = field.getAttribute("aria-describedby");
    const wrong = problem && document.getElementById(problem)?.children.length;
    if (wrong) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
  for (const part of form.querySelectorAll("[data-optional]")) {
    const found = fresh.querySelector(`[data-optional="${part.dataset.optional}"]`);
    if (found) part.hidden = found.hidden;
  }
  for (const name of choices) renewChoices(fresh, name);
  return result;
}

/** What can be chosen differs with the day and the place of the fire. */
function renewChoices(fresh, name) {
  const old = document.getElementById(name);
  const found = fresh.getElementById(name);
  if (!found || old === document.activeElement || old.innerHTML === found.innerHTML) return;
  const chosen = old.value;
  old.replaceChildren(...found.childNodes);
  // What was chosen while the answer was on its way stays chosen.
  if ([...old.options].some((option) => option.value === chosen)) old.value = chosen;
}

/** The level and the due days of a result, as one sentence for whoever hears the page. */
export function spoken(result, dues) {
  const level = result.querySelector(".level, .problem-card h2");
  return [level?.textContent.replace(/\s+/g, " ").trim(), ...dues].filter(Boolean).join("; ");
}
