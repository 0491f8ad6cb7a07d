// The editor of the report: puts the name of a table where the cursor is, and counts characters.
// Without it the names are typed, and the server counts.

const text = document.querySelector("[data-counted]");

if (text) {
  const count = document.createElement("p");
  count.className = "quiet editor-count";
  text.after(count);
  const tell = () => {
    count.textContent = text.dataset.counted
      .replace("{count}", text.value.length.toLocaleString("en"))
      .replace("{most}", Number(text.maxLength).toLocaleString("en"));
  };
  text.addEventListener("input", tell);
  tell();

  for (const token of document.querySelectorAll(".token-list [data-token]")) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "button-small";
    button.textContent = token.textContent;
    button.addEventListener("click", () => {
      text.setRangeText(`\n${token.textContent}\n`, text.selectionStart, text.selectionEnd, "end");
      text.dispatchEvent(new Event("input", { bubbles: true }));
      text.focus();
    });
    token.replaceWith(button);
  }
}
