// Changes of a page go to the server one after the other: each names the version that the answer before it left.
let last = Promise.resolve();
const underway = new Set();

/** POST a change of the element with that id; the answer replaces it. */
export function change(id, url, values, versionOf) {
  last = last.then(() => sent(id, url, values, versionOf));
  return last;
}

/** The same, but what is on its way already is not sent again: Enter and leaving a cell both save it. */
export function changeOnce(id, url, values, versionOf) {
  const said = JSON.stringify([id, values]);
  if (underway.has(said)) return last;
  underway.add(said);
  return change(id, url, values, versionOf).finally(() => underway.delete(said));
}

function sent(id, url, values, versionOf) {
  const work = document.getElementById(id);
  if (!work) return undefined; // the page has moved on
  return window.htmx.ajax("POST", url, {
    source: work,
    target: `#${id}`,
    swap: "outerMorph",
    values: { ...versionOf(work), ...values },
  });
}
