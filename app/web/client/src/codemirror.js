// What every CodeMirror of ours has in common: nonce for the strict CSP, our classes for colours.
import { autocompletion } from "@codemirror/autocomplete";
import { syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { classHighlighter } from "@lezer/highlight";
import { mw } from "./language.js";

export function common(label) {
  const nonce = document.querySelector('meta[name="csp-nonce"]').content;
  return [
    EditorView.cspNonce.of(nonce),
    EditorView.contentAttributes.of({ "aria-label": label, tabindex: "0", spellcheck: "false", autocapitalize: "off" }),
    EditorState.tabSize.of(2),
    syntaxHighlighting(classHighlighter),
  ];
}

export const language = mw;

/** Completion that asks the server; `ask(context)` answers a list of {label, kind, detail, doc, insert}. */
export function completion(ask) {
  return autocompletion({
    icons: false,
    override: [
      async (context) => {
        const word = context.matchBefore(/[\w"]*$/);
        const afterDot = context.matchBefore(/\.[\w"]*$/);
        if (!context.explicit && !afterDot && word.from === word.to) return null;
        const options = await ask(context);
        if (context.aborted || !options.length) return null;
        return { from: word.from, validFor: /^[\w"]*$/, options: options.map(option) };
      },
    ],
  });
}

const option = (item) => ({
  label: item.label,
  detail: item.detail,
  type: item.kind,
  apply: item.insert || item.label,
  info: item.doc || undefined,
});
