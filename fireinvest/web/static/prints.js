// Tells the log that this page is printed. Without script nothing can tell.

const place = document.querySelector("[data-print-log]");
let told = 0;

window.addEventListener("beforeprint", () => {
  // Browsers fire this for the preview and again for the paper.
  if (!place || Date.now() - told < 10000) return;
  told = Date.now();
  fetch(place.dataset.printLog, {
    method: "POST",
    body: new URLSearchParams({ csrf_token: place.dataset.token, address: window.location.pathname }),
    headers: { "X-Requested-With": "fetch" },
    credentials: "same-origin",
    keepalive: true,
  }).catch(() => {});
});
