// Every page: htmx with the CSRF token, menus, tabs, "why" of values, search key, editable grids.
import htmx from "htmx.org";
import "./frame.js";
import "./why.js";
import "./grid.js";

window.htmx = htmx;
