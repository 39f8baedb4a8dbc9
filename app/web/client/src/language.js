// Colours for .mw: words by their role, no grammar; the server's checker says what is right.
import { StreamLanguage } from "@codemirror/language";

const HEADINGS = new Set("map table lookup rules rule flow test function type dataset playbook".split(" "));
const KEYWORDS = new Set(
  (
    "use schema let if else each in into where group by order descending on check reject skip row warn end policy " +
    "otherwise two_way when then send using to key raise ignore alert because hold for review set first receive as " +
    "owner criticality sla identify keys with apply failure playbook given expect and or not is missing blank " +
    "true false error no_match many copy except from for of list record enum reverse recall remember forget collect " +
    "within at most enrich wait waited call reply answer fails business time calendar runbook retry fallback park block " +
    "dead_letter transport application partner_data mapping"
  ).split(" "),
);
const ATOMS = new Set(["true", "false", "missing", "blank"]);

function token(stream, state) {
  if (stream.sol()) state.words = 0;
  if (stream.eatSpace()) return null;
  if (stream.match(/^#.*/)) return "comment";
  if (stream.match(/^"(?:[^"\\]|\\.)*"?/)) return "string";
  if (stream.match(/^\d{4}-\d\d-\d\d(?:T[\d:.+Z-]+)?/) || stream.match(/^\d+(?:\.\d+)?%?/)) return "number";
  if (stream.match(/^(?:->|=>|<>|<=|>=|[=<>&+\-*/])/)) return "operator";
  if (stream.match(/^[[\](){},.|:?]/)) {
    state.afterDot = stream.current() === ".";
    return "punctuation";
  }
  const word = stream.match(/^[A-Za-z_][\w]*/);
  if (!word) {
    stream.next();
    return null;
  }
  return role(stream, state, word[0]);
}

function role(stream, state, word) {
  const first = state.words++ === 0;
  const { afterDot, naming } = state;
  state.afterDot = false;
  state.naming = false;
  if (afterDot) return "propertyName";
  if (naming) return "typeName";
  if (HEADINGS.has(word) && stream.match(/^\s+[a-z_"]/, false)) {
    state.naming = true;
    return "keyword";
  }
  if (!first && stream.match(/^\s*\(/, false)) return "macroName";
  if (ATOMS.has(word)) return "atom";
  return KEYWORDS.has(word) ? "keyword" : null;
}

export const mw = StreamLanguage.define({
  name: "mw",
  startState: () => ({ words: 0, afterDot: false, naming: false }),
  token,
  languageData: { commentTokens: { line: "#" }, closeBrackets: { brackets: ["(", "[", "{", '"'] } },
});
