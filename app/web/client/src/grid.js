// Tables and lookups: a changed cell is sent at once; arrows and Enter move like in a spreadsheet.
import { change, changeOnce } from "./changes.js";

document.addEventListener("change", (event) => {
  const cell = event.target.closest("[data-cell]");
  if (cell) commit(cell);
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("button[data-act]");
  if (button) act(button, JSON.parse(button.dataset.act));
});

document.addEventListener("keydown", (event) => {
  const cell = event.target.closest?.("[data-cell]");
  if (!cell) return;
  if (event.key === "Escape") {
    cell.value = cell.defaultValue;
  } else if (cell.matches("textarea, select")) {
    if (event.key === "Enter" && !event.shiftKey && cell.matches("textarea")) {
      event.preventDefault();
      commit(cell);
    }
  } else if (event.key === "ArrowUp" || event.key === "ArrowDown" || event.key === "Enter") {
    event.preventDefault();
    const up = event.key === "ArrowUp" || (event.key === "Enter" && event.shiftKey);
    commit(cell);
    neighbour(cell, up ? -1 : 1).focus();
  }
});

document.addEventListener("focusin", (event) => {
  if (event.target.matches("input[data-cell]")) event.target.select();
});

document.addEventListener("paste", (event) => {
  const cell = event.target.closest?.("[data-cell]");
  const text = event.clipboardData?.getData("text/plain") ?? "";
  if (!cell || !/[\t\n]/.test(text.trim())) return;
  event.preventDefault();
  const block = text.replace(/\r/g, "").replace(/\n$/, "").split("\n").map((line) => line.split("\t"));
  act(cell, { ...JSON.parse(cell.dataset.cell), do: "paste", block: JSON.stringify(block) });
});

/** Sends a changed cell, once for each text. */
function commit(cell) {
  if (cell.value === cell.defaultValue) return;
  act(cell, { ...JSON.parse(cell.dataset.cell), text: cell.value }, changeOnce);
}

function neighbour(cell, step) {
  if (!cell.closest("tbody")) return cell;
  const rows = [...cell.closest("tbody").rows].filter((row) => row.querySelector("[data-cell]"));
  const row = rows[rows.indexOf(cell.closest("tr")) + step];
  return row?.cells[cell.closest("td").cellIndex]?.querySelector("[data-cell]") ?? cell;
}

function act(source, values, way = change) {
  const work = source.closest("[data-act-url]");
  way(work.id, work.dataset.actUrl, values, versionOf);
}

const versionOf = ({ dataset }) => ({ file: dataset.file, etag: dataset.etag, sample: dataset.sample ?? "" });
