// Names in the text editor: go to a declaration, list every use, rename everywhere; by key, click and button.
import { EditorView, hoverTooltip, keymap } from "@codemirror/view";
import { characters, fromPlace } from "./positions.js";
import { element, send } from "./request.js";

/** An extension; `page` has the addresses and the pane, `renamed(text, etag, message)` takes over a rename. */
export function names(page, path, { saved, renamed }) {
  const pane = page.querySelector("[data-names]");
  const ask = (view, what, more = {}, at = view.state.selection.main.head) => {
    const text = view.state.doc.toString();
    return send(`${page.dataset.namesUrl}${what}`, { path, text, offset: characters(text, at), ...more });
  };

  async function define(view, at) {
    const { data } = await ask(view, "definition", {}, at);
    const [place] = data.places ?? [];
    if (!place) return say("No declaration was found for what stands here.");
    if (place.file !== path) return location.assign(`${page.dataset.filesUrl}${place.file}#line-${place.line}`);
    const anchor = fromPlace(view.state.doc, place.line, place.column);
    view.dispatch({ selection: { anchor }, effects: EditorView.scrollIntoView(anchor, { y: "center" }) });
    view.focus();
  }

  async function list(view, renaming = false) {
    const { data } = await ask(view, "references");
    show();
    const places = data.places ?? [];
    say(places.length ? `${data.name}: ${places.length} ${places.length === 1 ? "place" : "places"}` : "No name of this rule set stands here.");
    pane.querySelector("ul").replaceChildren(...places.map(row));
    const form = pane.querySelector("form");
    form.hidden = !renaming || Boolean(data.refused) || !places.length;
    if (renaming && data.refused) say(data.refused);
    if (form.hidden) return;
    const input = form.elements.to;
    input.value = data.name;
    input.select();
    form.onsubmit = (event) => {
      event.preventDefault();
      rename(view, input.value.trim(), form);
    };
  }

  async function rename(view, to, form) {
    const { status, data } = await ask(view, "rename", { to, etag: saved.etag });
    if (status !== 200) return say(data.message ?? "Not renamed.");
    form.hidden = true;
    renamed(data.text, data.etag, data.message);
    say(data.message);
    view.focus();
    pane.querySelector("ul").replaceChildren();
  }

  function row(place) {
    const href = place.file === path ? `#line-${place.line}` : `${page.dataset.filesUrl}${place.file}#line-${place.line}`;
    const link = element("a", { href, class: "mono" }, `${place.file}:${place.line}`);
    return element("li", {}, link, element("p", { class: "muted break" }, element("code", {}, place.text)));
  }

  function say(words) {
    show();
    pane.querySelector("[data-names-said]").textContent = words;
  }

  function show() {
    page.querySelector(`[aria-controls=${pane.id}]`).click();
  }

  const tooltip = hoverTooltip(async (view, at) => {
    const { status, data } = await ask(view, "hover", {}, at);
    const shown = status === 200 && data.shown;
    if (!shown) return null;
    const words = [element("code", {}, shown.title), element("div", {}, shown.detail)];
    const dom = element("div", { class: "hover-words" }, ...words);
    return { pos: at, create: () => ({ dom }) };
  });

  const clicks = EditorView.domEventHandlers({
    mousedown(event, view) {
      if (!(event.ctrlKey || event.metaKey) || event.button !== 0) return false;
      const at = view.posAtCoords({ x: event.clientX, y: event.clientY });
      if (at === null) return false;
      event.preventDefault();
      define(view, at);
      return true;
    },
  });

  const keys = keymap.of([
    { key: "F12", run: (view) => (define(view), true) },
    { key: "Shift-F12", run: (view) => (list(view), true) },
    { key: "F2", run: (view) => (list(view, page.dataset.writable === "yes"), true) },
  ]);

  const buttons = { definition: define, references: list, rename: (view) => list(view, true) };
  return {
    extension: [keys, clicks, tooltip],
    listen: (view) => {
      for (const button of pane.querySelectorAll("button[data-name-act]")) {
        button.addEventListener("click", () => buttons[button.dataset.nameAct](view));
      }
    },
  };
}
