// The frame: CSRF on htmx requests, menus that close, tabs by keyboard, Ctrl-K, selects that submit.
import { csrfToken } from "./request.js";

document.addEventListener("htmx:config:request", (event) => {
  event.detail.ctx.request.headers["X-CSRFToken"] = csrfToken();
});

document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
  const tab = event.target.closest('[role="tab"]');
  if (tab) showTab(tab);
});

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-submit]")) event.target.form.requestSubmit();
});

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const box = document.querySelector("#search");
    if (box) {
      event.preventDefault();
      box.focus();
      box.select();
    }
  }
  if (event.key === "Escape") closeMenu(event.target);
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z") stepBack(event);
  if (event.target.matches?.('[role="tab"]')) moveTab(event);
});

function closeMenu(within) {
  const menu = within.closest?.("details.menu[open]");
  if (menu) {
    menu.open = false;
    menu.querySelector("summary").focus();
  }
}

function showTab(tab) {
  for (const other of tab.closest('[role="tablist"]').querySelectorAll('[role="tab"]')) {
    const chosen = other === tab;
    other.setAttribute("aria-selected", String(chosen));
    other.tabIndex = chosen ? 0 : -1;
    document.getElementById(other.getAttribute("aria-controls")).hidden = !chosen;
  }
}

function moveTab(event) {
  const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const tabs = [...event.target.closest('[role="tablist"]').querySelectorAll('[role="tab"]')];
  const next = tabs[(tabs.indexOf(event.target) + step + tabs.length) % tabs.length];
  showTab(next);
  next.focus();
}

/** Ctrl-Z takes the last saved change back, unless something is being typed: then it belongs to the field. */
function stepBack(event) {
  const field = event.target.closest?.("input, textarea, .cm-editor");
  const typing = field && (field.matches(".cm-editor") || field.value !== field.defaultValue);
  const button = document.querySelector(`form.undo button[value="${event.shiftKey ? "redo" : "undo"}"]:not(:disabled)`);
  if (typing || !button) return;
  event.preventDefault();
  button.click();
}
