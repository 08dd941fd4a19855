// All photographs: a grid over their ids, which are fetched once, beside lists of classes and folders.

import {bytes, info, json, Problem} from "./api.js";
import {announce, count, h} from "./dom.js";
import {Grid} from "./grid.js";
import {byIds, fileName, remember} from "./items.js";
import {sideLists} from "./lists.js";
import {failed, go} from "./router.js";

/** @typedef {import("./types.js").Item} Item */

const firstScreen = 120; // photographs asked for with their details before all ids are there

/** @param {import("./router.js").Context} context */
export function open(context) {
  const {root, query, signal} = context;
  const filter = {class: query.get("class"), folder: query.get("folder"), after: query.get("after"), before: query.get("before"), order: query.get("order")};
  const heading = h("h1", null, filter.class ?? (filter.folder ? fileName(filter.folder) : "Photographs"));
  const told = h("p", {class: "told"}, " ");
  const pane = h("section", {class: "pane", "aria-label": "Photographs"},
    h("div", {class: "head"}, h("div", null, heading, told), chosen(filter, query)));
  root.append(h("div", {class: "beside"}, sideLists(query, signal), pane));

  /** @type {Grid | null} */
  let grid = null;
  /** @param {Uint32Array} ids @param {number} total */
  const show = (ids, total) => {
    if (signal.aborted) return;
    told.textContent = count(total, "photograph");
    if (total === 0) { empty(pane, filter); return; }
    // Until all ids are there, the grid has its whole length already, so that nothing jumps.
    const padded = ids.length === total ? ids : Uint32Array.from({length: total}, (_, at) => ids[at] ?? 0xffffffff);
    const source = byIds(padded);
    if (ids.length < total) source.want = () => null;
    if (grid) { grid.replace(source); return; }
    grid = new Grid({view: "browse", label: "Photographs", caption: filter.class ? "file" : "class", kept: context.kept?.index === undefined ? null : context.kept, keep: context.keep, signal}, source);
    pane.append(grid.element);
    grid.render();
    announce(count(total, "photograph"));
  };

  let all = false;
  let waits = false;
  const failure = async (/** @type {unknown} */ error) => {
    if (signal.aborted) return;
    // While the first index is being made there is nothing to list; this view opens anew when there is.
    if (error instanceof Problem && error.status === 503 && (await info()).indexing) {
      if (!waits) await empty(pane, filter);
      waits = true;
    } else if (!signal.aborted) failed(pane, error);
  };
  document.addEventListener("dvml:index", () => { if (waits || !grid) go(location.href, {replace: true}); }, {signal});
  json("/v1/items", {params: {...filter, limit: firstScreen}, signal}).then((/** @type {{total: number, items: Item[]}} */ page) => {
    remember(page.items);
    if (!all) show(Uint32Array.from(page.items, (item) => item.id), page.total);
  }).catch(failure);
  bytes("/v1/items/ids", {params: filter, signal}).then((raw) => {
    all = true;
    const ids = new Uint32Array(raw);
    show(ids, ids.length);
  }).catch(failure);
}

/**
 * The filters in force, each to be taken away, and the order.
 * @param {Record<string, string | null>} filter @param {URLSearchParams} query
 */
function chosen(filter, query) {
  const chips = Object.entries({class: "Class", folder: "Folder", after: "After", before: "Before"}).filter(([name]) => filter[name]).map(([name, label]) => {
    const rest = new URLSearchParams(query);
    rest.delete(name);
    return h("a", {class: "chip", href: "/?" + rest, "aria-label": `Remove the filter ${label} ${filter[name]}`}, `${label}: ${filter[name]}`, h("span", {"aria-hidden": "true"}, " ×"));
  });
  const order = h("select", {"aria-label": "Order", onchange: () => {
    const next = new URLSearchParams(query);
    next.set("order", order.value);
    go("/?" + next);
  }}, [["id", "as indexed"], ["path", "by path"], ["class", "by class"]].map(([value, text]) => h("option", {value, selected: (filter.order ?? "id") === value}, text)));
  return h("div", {class: "chosen"}, chips, h("label", {class: "field"}, "Order ", order));
}

/** @param {HTMLElement} pane @param {Record<string, string | null>} filter */
async function empty(pane, filter) {
  const filtered = filter.class || filter.folder || filter.after || filter.before;
  const told = filtered ? null : await info();
  pane.append(h("div", {class: "empty"}, filtered ? h("p", null, "No photograph passes these filters. ", h("a", {href: "/"}, "Show all")) :
    h("p", null, told?.indexing ? "Photographs appear here as they are indexed." : "This index holds no photographs yet. `dvml index MODEL FOLDER -o INDEX` adds some.")));
}
