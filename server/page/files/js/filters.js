// The filters of a search, in its address: class, folder, dates.

import {json} from "./api.js";
import {h} from "./dom.js";
import {go} from "./router.js";

const offered = 2000; // names in a field's list; any other can be typed

/** @typedef {{name: string, path?: string, items: number}} Entry */

/** @param {URLSearchParams} query @param {string} path of the view */
export function filters(query, path) {
  /** @param {string} name @param {string} value */
  const set = (name, value) => {
    const next = new URLSearchParams(query);
    if (value === "") next.delete(name);
    else next.set(name, value);
    go(`${path}?${next}`);
  };
  /** @param {string} name @param {string} label @param {() => Promise<Entry[]>} load */
  const field = (name, label, load) => {
    const list = h("datalist", {id: "filter-" + name});
    let loaded = false;
    const input = h("input", {type: "search", list: list.id, value: query.get(name) ?? "", placeholder: "any", autocomplete: "off", onchange: () => set(name, input.value.trim()), onfocus: async () => {
      if (loaded) return;
      loaded = true;
      const all = await load().catch(() => /** @type {Entry[]} */ ([]));
      list.append(...all.slice(0, offered).map((one) => h("option", {value: one.path ?? one.name}, one.items.toLocaleString("en"))));
    }});
    return h("label", {class: "field"}, label, " ", input, list);
  };
  /** @param {string} name @param {string} label */
  const date = (name, label) => {
    const input = h("input", {type: "date", value: query.get(name) ?? "", onchange: () => set(name, input.value)});
    return h("label", {class: "field"}, label, " ", input);
  };
  const inForce = ["class", "folder", "after", "before"].filter((name) => query.get(name)).length;
  const form = h("form", {class: "filters", "aria-label": "Filters", onsubmit: (/** @type {Event} */ event) => event.preventDefault()},
    field("class", "Class", async () => /** @type {{classes: Entry[]}} */ (await json("/v1/classes")).classes),
    field("folder", "Folder", async () => /** @type {{folders: Entry[]}} */ (await json("/v1/folders")).folders),
    date("after", "After"), date("before", "Before"));
  const details = h("details", {class: "folded"}, h("summary", null, inForce > 0 ? `Filters (${inForce})` : "Filters"), form);
  details.open = inForce > 0 || !matchMedia("(max-width: 47.99rem)").matches;
  return details;
}
