// The server counts characters; the editor counts UTF-16 units. Both directions, in one place.

/** Offset in the editor's document of a line and column, both from 1. */
export function fromPlace(doc, line, column) {
  if (line > doc.lines) return doc.length;
  const { from, text } = doc.line(Math.max(1, line));
  return from + [...text].slice(0, column - 1).join("").length;
}

/** How many characters stand before an offset of the editor. */
export const characters = (text, offset) => [...text.slice(0, offset)].length;

/** Turn findings as the server sends them into what the lint gutter shows. */
export function findings(view, diagnostics, path, repair) {
  const { doc } = view.state;
  return diagnostics
    .filter((found) => found.file === path)
    .map((found) => {
      const from = fromPlace(doc, found.line, found.column);
      return {
        from,
        to: Math.max(from, fromPlace(doc, found.end_line, found.end_column)),
        severity: found.severity === "error" ? "error" : "warning",
        source: found.code,
        message: [found.message, ...found.help].join("\n"),
        actions: found.fixes.map((fix) => ({ name: fix.title, apply: () => repair(fix) })),
      };
    });
}

/** The edits of a fix that touch this file, as one change of the editor. */
export function changes(doc, fix, path) {
  return fix.edits
    .filter((edit) => edit.file === path)
    .map((edit) => ({
      from: fromPlace(doc, edit.line, edit.column),
      to: fromPlace(doc, edit.end_line, edit.end_column),
      insert: edit.text,
    }));
}
