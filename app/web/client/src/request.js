// The one place where requests of scripts get their CSRF token.
export const csrfToken = () => document.querySelector('meta[name="csrf-token"]').content;

/** POST plain data as JSON; answers {status, data}. */
export async function send(url, data, { method = "POST", signal } = {}) {
  const response = await fetch(url, {
    method,
    signal,
    headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() },
    body: JSON.stringify(data),
  });
  const text = await response.text();
  let answer = {};
  try {
    answer = JSON.parse(text);
  } catch {
    answer = { message: `The server answered ${response.status}.` };
  }
  return { status: response.status, data: answer };
}

/** Calls `action` once things have been quiet for `wait` milliseconds. */
export function debounced(action, wait) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => action(...args), wait);
  };
}

/** An element with attributes and children; text is never parsed as HTML. */
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}
