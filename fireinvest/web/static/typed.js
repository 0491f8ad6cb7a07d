// What the pages share that follow what somebody writes: was something written before the script
// was there? A page can be written into as soon as it is seen, and its scripts come later.

/** Does any field say something else than what the server sent? */
export function isTyped(form) {
  return [...form.elements].some((field) => {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.tagName === "SELECT") return isChosen(field);
    return "defaultValue" in field && field.type !== "file" && field.value !== field.defaultValue;
  });
}

function isChosen(field) {
  const options = [...field.options];
  // Where the server chose none, a list that takes one choice shows its first.
  const isFirst = !field.multiple && !options.some((option) => option.defaultSelected);
  if (isFirst) return field.selectedIndex > 0;
  return options.some((option) => option.selected !== option.defaultSelected);
}
