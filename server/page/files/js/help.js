// The keys, in a dialog.

import {h} from "./dom.js";

const keys = [
  ["Everywhere", [["?", "these keys"], ["/", "search"], ["g p, g f, g m", "photographs, find, map"], ["g r, g c, g u", "review, compare, runs"], ["Ctrl V", "search by a photograph from the clipboard"], ["Esc", "close a dialog; clear a selection"]]],
  ["In a grid", [["← → ↑ ↓", "to the next photograph"], ["Home, End", "first and last of the row; with Ctrl of all"], ["Page Up, Page Down", "by a screen"], ["Enter", "open"], ["+ −", "more like this, less like this"], ["s d", "shows the same, shows something different"]]],
  ["On the map", [["← → ↑ ↓", "move"], ["+ − 0", "nearer, farther, all"], ["l", "draw a selection with the mouse"], ["Enter", "select what is in view"], ["Esc", "clear the selection"]]],
  ["In review", [["1 2, or the keys shown", "decide"], ["u", "undo"], ["← →", "back and forth"]]],
];

/** Opens the dialog; Escape closes it and gives the focus back. */
export function showKeys() {
  if (document.querySelector("dialog.keys")) return;
  const dialog = h("dialog", {class: "keys", "aria-labelledby": "keys-title", onclose: () => dialog.remove()},
    h("div", {class: "head"}, h("h2", {id: "keys-title"}, "Keys"), h("button", {type: "button", class: "plain", onclick: () => dialog.close()}, "Close")),
    h("div", {class: "columns"}, keys.map(([title, list]) => h("section", null, h("h3", null, String(title)),
      h("dl", null, /** @type {string[][]} */ (list).map(([key, what]) => [h("dt", null, h("kbd", null, key)), h("dd", null, what)]).flat())))));
  document.body.append(dialog);
  dialog.showModal();
}
