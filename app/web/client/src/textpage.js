// The text editor page: CodeMirror, findings as you type, preview of a sample, save with conflict check.
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { closeBrackets } from "@codemirror/autocomplete";
import { indentUnit } from "@codemirror/language";
import { lintGutter, setDiagnostics, lintKeymap } from "@codemirror/lint";
import { MergeView } from "@codemirror/merge";
import { searchKeymap, highlightSelectionMatches } from "@codemirror/search";
import { EditorState } from "@codemirror/state";
import { EditorView, drawSelection, highlightActiveLine, highlightActiveLineGutter, keymap, lineNumbers } from "@codemirror/view";
import { common, completion, language } from "./codemirror.js";
import { names } from "./names.js";
import { changes, characters, findings, fromPlace } from "./positions.js";
import { debounced, element, send } from "./request.js";

export function openTextPage(page) {
  const { path } = page.dataset;
  const source = page.querySelector("textarea[name=text]");
  const saved = { text: source.value, etag: page.dataset.etag };
  const textOf = () => view.state.doc.toString();
  const changed = debounced(refresh, 350);
  const naming = path.endsWith(".mw") ? names(page, path, { saved, renamed }) : null;

  const view = new EditorView({
    parent: page.querySelector(".holder"),
    state: EditorState.create({ doc: source.value, extensions: extensions() }),
  });
  source.hidden = true;
  naming?.listen(view);
  refresh();
  jump(location.hash);
  addEventListener("hashchange", () => jump(location.hash));
  addEventListener("beforeunload", (event) => {
    if (textOf() !== saved.text) event.preventDefault();
  });
  page.querySelector("[data-save]")?.addEventListener("click", save);
  page.querySelector("[data-format]")?.addEventListener("click", format);
  for (const chooser of page.querySelectorAll("[data-preview]")) chooser.addEventListener("change", preview);

  function extensions() {
    const writable = page.dataset.writable === "yes";
    const rules = path.endsWith(".mw");
    return [
      ...common(`Text of ${path}`),
      lineNumbers(),
      highlightActiveLine(),
      highlightActiveLineGutter(),
      highlightSelectionMatches(),
      drawSelection(),
      history(),
      closeBrackets(),
      indentUnit.of("  "),
      lintGutter(),
      rules ? [language, completion(complete), naming.extension] : [],
      EditorState.readOnly.of(!writable),
      keymap.of([
        { key: "Mod-s", preventDefault: true, run: () => (save(), true) },
        ...defaultKeymap,
        ...historyKeymap,
        ...searchKeymap,
        ...lintKeymap,
        indentWithTab,
      ]),
      EditorView.updateListener.of((update) => {
        if (update.docChanged) {
          mark();
          changed();
        }
      }),
    ];
  }

  function mark() {
    const dirty = textOf() !== saved.text;
    page.querySelector("[data-dirty]").textContent = dirty ? "Not saved yet" : "Saved";
    const button = page.querySelector("[data-save]");
    if (button) button.disabled = !dirty;
  }

  async function complete(context) {
    const text = context.state.doc.toString();
    const { data } = await send(page.dataset.completeUrl, { path, text, offset: characters(text, context.pos) });
    return data.options ?? [];
  }

  async function refresh() {
    const text = textOf();
    const { status, data } = await send(page.dataset.checkUrl, { path, text });
    if (status !== 200 || text !== textOf()) return;
    view.dispatch(setDiagnostics(view.state, findings(view, data.diagnostics, path, repair)));
    listProblems(data.diagnostics);
    preview();
  }

  function repair(fix) {
    view.dispatch({ changes: changes(view.state.doc, fix, path) });
  }

  function listProblems(diagnostics) {
    const list = page.querySelector("[data-problems]");
    list.replaceChildren(...diagnostics.map(problem));
    page.querySelector("[data-problem-count]").textContent = String(diagnostics.length);
    page.querySelector("[data-no-problems]").hidden = diagnostics.length > 0;
  }

  function problem(found) {
    const here = found.file === path;
    const href = here ? `#line-${found.line}` : `${page.dataset.filesUrl}${found.file}#line-${found.line}`;
    const words = element("a", { href }, `${here ? "" : `${found.file}, `}line ${found.line}`);
    const level = element("span", { class: `badge ${found.severity === "error" ? "error" : "warn"}` }, found.severity);
    const repairs = found.fixes
      .filter((fix) => fix.edits.every((edit) => edit.file === path))
      .map((fix) => {
        const button = element("button", { type: "button", class: "small" }, fix.title);
        button.addEventListener("click", () => repair(fix));
        return button;
      });
    return element(
      "li",
      {},
      element("div", { class: "finding-line" }, level, element("a", { class: "code", href: `${page.dataset.codesUrl}${found.code}` }, found.code), words),
      element("p", {}, found.message),
      ...found.help.map((help) => element("p", { class: "muted" }, help)),
      element("div", { class: "row-of" }, ...repairs),
    );
  }

  function preview() {
    const target = page.querySelector("#preview");
    const form = page.querySelector("[data-preview-form]");
    if (!target || !form) return;
    const values = Object.fromEntries(new FormData(form));
    window.htmx.ajax("POST", page.dataset.previewUrl, { source: target, target: "#preview", swap: "innerHTML", values: { ...values, path, text: textOf() } });
  }

  async function format() {
    const { status, data } = await send(page.dataset.formatUrl, { path, text: textOf() });
    if (status === 200) view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: data.text } });
    else tell(data.message);
  }

  async function save() {
    const text = textOf();
    const { status, data } = await send(page.dataset.saveUrl, { text, etag: saved.etag }, { method: "PUT" });
    if (status === 200) {
      Object.assign(saved, { text, etag: data.etag });
      tell("");
      mark();
      page.querySelector("[data-dirty]").textContent = data.message;
    } else if (status === 412) {
      conflict(text, data);
    } else {
      tell(data.message ?? "Not saved.");
    }
  }

  /** A rename has saved this file and others: show the text as it is now. */
  function renamed(text, etag, message) {
    Object.assign(saved, { text, etag });
    view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text }, selection: { anchor: Math.min(view.state.selection.main.head, text.length) } });
    mark();
    page.querySelector("[data-dirty]").textContent = message;
  }

  function tell(message) {
    const place = page.querySelector("[data-message]");
    place.hidden = !message;
    place.querySelector("p").textContent = message;
  }

  function conflict(mine, theirs) {
    const panel = page.querySelector("[data-conflict]");
    panel.hidden = false;
    panel.querySelector("p").textContent = theirs.message;
    const holder = page.querySelector(".holder");
    view.dom.hidden = true;
    const merge = new MergeView({
      parent: holder,
      a: { doc: theirs.text, extensions: [...common("Text as it was saved meanwhile"), EditorState.readOnly.of(true), lineNumbers(), language] },
      b: { doc: mine, extensions: [...common("Your text"), lineNumbers(), language, keymap.of(defaultKeymap)] },
      collapseUnchanged: { margin: 3 },
    });
    const settle = (text) => {
      merge.destroy();
      panel.hidden = true;
      view.dom.hidden = false;
      Object.assign(saved, { text: theirs.text, etag: theirs.etag });
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      view.focus();
    };
    panel.querySelector("[data-keep]").onclick = () => settle(merge.b.state.doc.toString());
    panel.querySelector("[data-theirs]").onclick = () => settle(theirs.text);
  }

  function jump(hash) {
    const line = Number(/^#line-(\d+)$/.exec(hash)?.[1]);
    if (!line) return;
    const at = fromPlace(view.state.doc, line, 1);
    view.dispatch({ selection: { anchor: at }, effects: EditorView.scrollIntoView(at, { y: "center" }) });
    view.focus();
  }
}
