// A click on an output value shows where it comes from: source paths, decisions, the line that says so.
import { element } from "./request.js";

document.addEventListener("click", (event) => {
  const value = event.target.closest("button[data-why]");
  if (!value) return;
  const panel = document.getElementById(value.dataset.whyIn || "why");
  if (!panel) return;
  for (const other of document.querySelectorAll('button[data-why][aria-pressed="true"]')) {
    other.setAttribute("aria-pressed", "false");
  }
  value.setAttribute("aria-pressed", "true");
  panel.replaceChildren(...explanation(JSON.parse(value.dataset.why)));
  panel.hidden = false;
});

function explanation(why) {
  const facts = element("dl", { class: "facts" });
  const say = (term, parts) => {
    if (parts.length) facts.append(element("dt", {}, term), element("dd", {}, ...parts));
  };
  say("Value", why.value == null ? [] : [element("code", { class: "break" }, why.value)]);
  say("From", lines(why.sources));
  say("Decided by", lines(why.decisions));
  if (why.place) {
    const words = `${why.place.file}, line ${why.place.line}`;
    say("Written in", [why.place.url ? element("a", { href: why.place.url }, words) : words]);
  }
  say("Release", why.release ? [why.release] : []);
  return [element("h3", {}, why.path), facts];
}

const lines = (texts = []) =>
  texts.flatMap((text, index) => (index ? [element("br"), element("code", {}, text)] : [element("code", {}, text)]));
