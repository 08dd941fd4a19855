// The lists beside the photographs: classes and folders, to filter by. Each list is one Tab stop.

import {json} from "./api.js";
import {h, roving} from "./dom.js";
import {fileName} from "./items.js";

const shown = 200; // entries in the page; the field above finds the others

/** @typedef {{name: string, path?: string, items: number}} Entry */

/**
 * @param {URLSearchParams} query of the view
 * @param {AbortSignal} signal
 */
export function sideLists(query, signal) {
  const narrow = matchMedia("(max-width: 47.99rem)");
  const details = h("details", {class: "side"}, h("summary", null, "Classes and folders"));
  details.open = !narrow.matches;
  narrow.addEventListener("change", () => { details.open = !narrow.matches; }, {signal});
  details.append(
    list("Classes", "class", query, signal, () => json("/v1/classes", {signal}).then((/** @type {{classes: Entry[]}} */ told) => told.classes)),
    folders(query, signal));
  return h("aside", {"aria-label": "Filters"}, details);
}

/** @param {URLSearchParams} query @param {AbortSignal} signal */
function folders(query, signal) {
  const under = query.get("folder") ?? "";
  return list("Folders", "folder", query, signal, async () => {
    const list = async (/** @type {string} */ folder) => /** @type {{folders: Entry[]}} */ (await json("/v1/folders", {params: {under: folder}, signal})).folders;
    if (under === "") return list("");
    const [tops, below] = await Promise.all([list(""), list(under)]);
    const parent = under.slice(0, Math.max(0, under.lastIndexOf("/")));
    const inside = tops.some((top) => parent === top.path || parent.startsWith(top.path + "/"));
    return [{name: inside ? "↑ " + fileName(parent) : "↑ all folders", path: inside ? parent : "", items: NaN}, ...below];
  });
}

/**
 * @param {string} title @param {"class" | "folder"} by @param {URLSearchParams} query @param {AbortSignal} signal
 * @param {() => Promise<Entry[]>} load
 */
function list(title, by, query, signal, load) {
  const entries = h("ul", {class: "entries"});
  const field = h("input", {type: "search", placeholder: `Find in ${title.toLowerCase()}`, "aria-label": `Find in ${title.toLowerCase()}`, autocomplete: "off"});
  const more = h("p", {class: "more"});
  const box = h("section", {class: "list", "aria-label": title}, h("h2", null, title), field, entries, more);
  box.hidden = true;
  load().then((all) => {
    if (signal.aborted || all.length === 0) return;
    box.hidden = false;
    field.hidden = all.length < 12;
    const show = () => {
      const wanted = field.value.trim().toLowerCase();
      const found = wanted === "" ? all : all.filter((one) => one.name.toLowerCase().includes(wanted));
      entries.replaceChildren(...found.slice(0, shown).map((one) => entry(one, by, query)));
      more.textContent = found.length > shown ? `and ${(found.length - shown).toLocaleString("en")} more: type to find them` : found.length === 0 ? "None has this name." : "";
      roving(entries, "a");
    };
    field.addEventListener("input", show);
    show();
    const current = /** @type {HTMLElement | null} */ (entries.querySelector("[aria-current]"));
    if (current) entries.scrollTop = current.offsetTop - entries.offsetTop - 40; // within the list alone
  }).catch(() => { /* what cannot be had is not offered; the grid says what is wrong */ });
  return box;
}

/** @param {Entry} one @param {"class" | "folder"} by @param {URLSearchParams} query */
function entry(one, by, query) {
  const value = one.path ?? one.name;
  const next = new URLSearchParams(query);
  const current = query.get(by) === value;
  if (current || value === "") next.delete(by);
  else next.set(by, value);
  return h("li", null, h("a", {href: "/?" + next, "aria-current": current ? "true" : null},
    h("span", {class: "name"}, one.name || "without a class"), Number.isNaN(one.items) ? null : h("span", {class: "number"}, one.items.toLocaleString("en"))));
}
