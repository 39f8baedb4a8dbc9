// The form of a map: a row is chosen, its formula is edited in the cell or in the bar, a source is clicked in.
import { closeBrackets, closeBracketsKeymap, acceptCompletion } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { EditorState, Prec } from "@codemirror/state";
import { EditorView, drawSelection, keymap } from "@codemirror/view";
import { change, changeOnce } from "./changes.js";
import { common, completion, language } from "./codemirror.js";
import { characters } from "./positions.js";
import { send } from "./request.js";

export function openMapForm(page) {
  const row = (target) => page.querySelector(`tr[data-target="${CSS.escape(target)}"]`);
  const bar = page.querySelector(".fx");
  const writable = page.dataset.writable === "yes";
  let chosen = null;
  let mirrored = false;

  const formula = new EditorView({
    parent: bar.querySelector(".formula"),
    state: EditorState.create({ doc: "", extensions: extensions() }),
  });

  function extensions() {
    return [
      ...common("Formula of the chosen row"),
      language,
      drawSelection(),
      history(),
      closeBrackets(),
      completion(complete),
      EditorState.readOnly.of(!writable),
      EditorState.transactionFilter.of((tr) => (tr.newDoc.lines > 1 ? [] : tr)),
      Prec.highest(
        keymap.of([
          { key: "Enter", run: (view) => acceptCompletion(view) || (commit(), true) },
          { key: "Escape", run: () => (chosen ? (choose(chosen, true), false) : false) },
        ]),
      ),
      keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap]),
      EditorView.updateListener.of((update) => {
        const cell = chosen && row(chosen)?.querySelector("input[data-formula]");
        if (update.docChanged && cell && !mirrored) cell.value = update.state.doc.toString();
      }),
      EditorView.domEventHandlers({ blur: () => void setTimeout(leave, 120) }),
    ];
  }

  function leave() {
    if (!bar.contains(document.activeElement) && !document.activeElement?.closest(".source")) commit();
  }

  async function complete(context) {
    if (!chosen) return [];
    const text = context.state.doc.toString();
    const asked = { map: page.dataset.map, target: chosen, expression: text, offset: characters(text, context.pos) };
    const { data } = await send(page.dataset.completeUrl, asked);
    return data.options ?? [];
  }

  function setFormula(text) {
    mirrored = true;
    formula.dispatch({ changes: { from: 0, to: formula.state.doc.length, insert: text }, selection: { anchor: text.length } });
    mirrored = false;
  }

  /** Show a row in the bar: its formula, what can fail, where its value comes from. */
  function choose(target, fresh = false) {
    const found = row(target);
    if (!found || (target === chosen && !fresh)) return;
    chosen = target;
    for (const other of page.querySelectorAll("tr.selected")) other.classList.remove("selected");
    found.classList.add("selected");
    bar.querySelector(".name").textContent = found.dataset.label;
    const cell = found.querySelector("input[data-formula]");
    if (fresh && cell) cell.value = cell.defaultValue;
    setFormula(cell ? cell.value : "");
    showFailures(found);
    light(found);
    bar.querySelector("[data-why-line]").textContent = found.dataset.why ?? "";
  }

  function showFailures(found) {
    const handlers = JSON.parse(found.dataset.handlers || "{}");
    const kinds = (found.dataset.kinds || "").split(" ");
    for (const field of bar.querySelectorAll("fieldset[data-kind]")) {
      const kind = field.dataset.kind;
      const handler = handlers[kind] ?? { action: "", value: "", warn: false };
      field.hidden = !kinds.includes(kind) && !handlers[kind];
      field.querySelector("[data-action]").value = handler.action;
      field.querySelector("[data-value]").value = handler.value ?? "";
      field.querySelector("[data-value]").hidden = handler.action !== "use";
      field.querySelector("[data-warn]").checked = Boolean(handler.warn);
      field.querySelector("[data-warn]").closest("label").hidden = !handler.action;
    }
    const isValue = found.dataset.kind === "field" || found.dataset.kind === "let";
    bar.querySelector("[data-cannot-fail]").hidden = !isValue || !found.dataset.present || Boolean(bar.querySelector("fieldset[data-kind]:not([hidden])"));
    const remove = bar.querySelector("[data-remove]");
    if (remove) remove.hidden = !found.dataset.present;
  }

  const cellOf = (found) => found.querySelector("input[data-formula]");

  function light(found) {
    const used = (found.dataset.sources || "").split("\n").filter(Boolean);
    for (const source of page.querySelectorAll(".source button[data-path]")) {
      source.classList.toggle("lit", used.includes(source.dataset.path));
    }
  }

  function handlers() {
    const chosenOnes = [];
    for (const field of bar.querySelectorAll("fieldset[data-kind]")) {
      const action = field.querySelector("[data-action]").value;
      if (!action) continue;
      chosenOnes.push({
        on: field.dataset.kind,
        action,
        value: action === "use" ? field.querySelector("[data-value]").value : null,
        warn: field.querySelector("[data-warn]").checked,
      });
    }
    return JSON.stringify(chosenOnes);
  }

  const handlersOf = (found) => JSON.stringify(Object.values(JSON.parse(found.dataset.handlers || "{}")));

  function commit() {
    const found = chosen && row(chosen);
    const cell = found && cellOf(found);
    if (!cell || !writable) return;
    const same = cell.value === cell.defaultValue && sameHandlers(found);
    if (same || (!cell.value.trim() && !cell.defaultValue.trim())) return;
    post(written(found, cell.value), changeOnce);
  }

  function written(found, text) {
    const { kind } = found.dataset;
    if (!text.trim()) return { do: "remove", target: chosen };
    if (kind === "list") return { do: "rows", target: chosen, expression: text };
    const more = kind === "field" || kind === "let" ? { handlers: handlers() } : {};
    return { do: kind === "raw" ? "line" : "set", target: chosen, expression: text, ...more };
  }

  function sameHandlers(found) {
    const plain = (text) => JSON.stringify(JSON.parse(text).map((h) => [h.on, h.action, h.value ?? null, Boolean(h.warn)]).sort());
    return plain(handlers()) === plain(handlersOf(found));
  }

  const post = (values, way = change) => way("work", page.dataset.saveUrl, values, versionOf);

  function versionOf({ dataset: { file, etag, all = "" } }) {
    return { file, etag, all, sample: page.querySelector("[name=sample]")?.value ?? "" };
  }

  page.addEventListener("focusin", (event) => {
    const found = event.target.closest("tr[data-target]");
    if (found) choose(found.dataset.target);
  });
  page.addEventListener("click", (event) => {
    const found = event.target.closest("tr[data-target]");
    if (found && !event.target.closest("button, input, a")) {
      choose(found.dataset.target);
      cellOf(found)?.focus();
    }
    const source = event.target.closest("button[data-path]");
    if (source) insert(source.dataset.path);
    const action = event.target.closest("button[data-post]");
    if (action) post(JSON.parse(action.dataset.post));
  });
  page.addEventListener("input", (event) => {
    if (event.target.matches("input[data-formula]")) setFormula(event.target.value);
  });
  page.addEventListener("change", (event) => {
    if (event.target.matches("input[data-formula]")) {
      if (!bar.contains(document.activeElement)) commit();
    } else if (event.target.closest("fieldset[data-kind]")) {
      changeFailure(event.target.closest("fieldset[data-kind]"));
    }
  });
  page.addEventListener("keydown", (event) => {
    if (!event.target.matches("input[data-formula]")) return;
    if (event.key === "Escape") choose(chosen, true);
    if (event.key === "Enter") {
      event.preventDefault();
      commit();
    }
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      step(event.target, event.key === "ArrowDown" ? 1 : -1);
    }
  });
  bar.querySelector("[data-remove]")?.addEventListener("click", () => post({ do: "remove", target: chosen }));

  function step(cell, by) {
    const cells = [...page.querySelectorAll("input[data-formula]")];
    cells[cells.indexOf(cell) + by]?.focus();
  }

  function changeFailure(field) {
    const uses = field.querySelector("[data-action]").value === "use";
    const value = field.querySelector("[data-value]");
    value.hidden = !uses;
    if (uses && !value.value) return value.focus();
    commit();
  }

  function insert(full) {
    if (!chosen || !writable) return;
    const scopes = JSON.parse(row(chosen)?.dataset.scopes || "[]").sort((a, b) => b[0].length - a[0].length);
    const scope = scopes.find(([list]) => full.startsWith(`${list}.`));
    const path = scope ? scope[1] + full.slice(scope[0].length) : full;
    const { from, to } = formula.state.selection.main;
    formula.dispatch({ changes: { from, to, insert: path }, selection: { anchor: from + path.length } });
    formula.focus();
  }

  document.addEventListener("htmx:after:swap", () => {
    if (!row(chosen)) return;
    const keep = chosen;
    chosen = null;
    const typing = bar.contains(document.activeElement) || document.activeElement?.matches("input[data-formula]");
    choose(typing ? (document.activeElement.closest?.("tr[data-target]")?.dataset.target ?? keep) : keep);
  });

  const wanted = new URLSearchParams(location.search).get("row");
  const first = (wanted && row(wanted)) || page.querySelector("tr[data-target] input[data-formula]")?.closest("tr");
  if (first) choose(first.dataset.target);
}
