// Sends what the form says: with a token, else with the session and its CSRF token.
const form = document.getElementById("try");
const answer = document.getElementById("answer");
const csrf = document.querySelector('meta[name="csrf-token"]').content;

function headersOf(fields) {
  const headers = new Headers();
  for (const line of fields.headers.value.split("\n")) {
    const colon = line.indexOf(":");
    if (colon > 0) headers.set(line.slice(0, colon).trim(), line.slice(colon + 1).trim());
  }
  if (fields.token.value) headers.set("Authorization", `Bearer ${fields.token.value}`);
  else headers.set("X-CSRF-Token", csrf);
  if (fields.body.value && !headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  return headers;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const fields = form.elements;
  const path = fields.path.value;
  if (!path.startsWith("/") || path.startsWith("//")) {
    answer.textContent = "A path begins with one slash.";
    return;
  }
  const options = { method: fields.method.value, headers: headersOf(fields) };
  if (options.method !== "GET" && fields.body.value) options.body = fields.body.value;
  try {
    const response = await fetch(path, options);
    const etag = response.headers.get("ETag");
    answer.textContent = `${response.status} ${response.statusText}${etag ? `\nETag: ${etag}` : ""}\n\n${await response.text()}`;
  } catch (error) {
    answer.textContent = String(error);
  }
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-path]");
  if (!button) return;
  form.elements.method.value = button.dataset.method;
  form.elements.path.value = button.dataset.path;
  form.elements.path.focus();
});
