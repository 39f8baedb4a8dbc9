// Pages with CodeMirror: the text editor and the form of a map.
import { openMapForm } from "./mapform.js";
import { openTextPage } from "./textpage.js";

const text = document.querySelector("[data-page=text]");
if (text) openTextPage(text);
const map = document.querySelector("[data-page=map]");
if (map) openMapForm(map);
