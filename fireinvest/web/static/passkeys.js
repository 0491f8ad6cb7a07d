// Passkeys: a button in a form asks the device, puts its answer into the form and sends it.
//
// <button type="button" hidden data-passkey="get" data-options="/address" data-into="credential">
// "get" proves who it is, "create" makes a new one. Without script, or where the browser knows no
// passkeys, the button stays hidden and the form is complete without it.

const bytes = (text) => {
  const plain = atob(text.replace(/-/g, "+").replace(/_/g, "/"));
  return Uint8Array.from(plain, (each) => each.charCodeAt(0));
};

const text = (buffer) => {
  let plain = "";
  for (const each of new Uint8Array(buffer)) plain += String.fromCharCode(each);
  return btoa(plain).replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
};

const described = (list) => (list || []).map((each) => ({ ...each, id: bytes(each.id) }));

async function ask(kind, options) {
  options.challenge = bytes(options.challenge);
  if (kind === "create") {
    options.user.id = bytes(options.user.id);
    options.excludeCredentials = described(options.excludeCredentials);
    return navigator.credentials.create({ publicKey: options });
  }
  options.allowCredentials = described(options.allowCredentials);
  return navigator.credentials.get({ publicKey: options });
}

function written(credential) {
  const { response } = credential;
  const answer = { clientDataJSON: text(response.clientDataJSON) };
  if (response.attestationObject) {
    answer.attestationObject = text(response.attestationObject);
    answer.transports = response.getTransports ? response.getTransports() : [];
  } else {
    answer.authenticatorData = text(response.authenticatorData);
    answer.signature = text(response.signature);
    if (response.userHandle) answer.userHandle = text(response.userHandle);
  }
  const { id, type } = credential;
  return JSON.stringify({ id, rawId: text(credential.rawId), type, response: answer });
}

async function use(button) {
  const { form } = button;
  const state = form.querySelector("[data-passkey-state]");
  const say = (words) => {
    if (state) state.textContent = words || "";
  };
  say("");
  button.disabled = true;
  try {
    const token = form.elements.namedItem("csrf_token").value;
    const answer = await fetch(button.dataset.options, {
      method: "POST",
      headers: { "X-Requested-With": "fetch" },
      body: new URLSearchParams({ csrf_token: token }),
    });
    if (!answer.ok) throw new Error(`answer ${answer.status}`);
    const credential = await ask(button.dataset.passkey, await answer.json());
    form.elements.namedItem(button.dataset.into).value = written(credential);
    form.submit();
  } catch (error) {
    // Somebody who thinks better of it meets the same error as a device that can't.
    say(state && state.dataset.failed);
    button.disabled = false;
  }
}

if (window.PublicKeyCredential) {
  for (const button of document.querySelectorAll("button[data-passkey]")) {
    button.hidden = false;
    for (const each of button.form.querySelectorAll("[data-with-passkey]")) each.hidden = false;
    button.addEventListener("click", () => use(button));
  }
}
