// One photograph: what it is, where it lies, how its class spreads, what is nearest.

import {json, offers} from "./api.js";
import {announce, count, h} from "./dom.js";
import {Grid} from "./grid.js";
import {byHits, fileName, remember} from "./items.js";
import {pairMarks} from "./marks.js";
import {figure} from "./tile.js";

/** @typedef {import("./types.js").Photograph} Photograph */

/** @param {import("./router.js").Context} context */
export async function open(context) {
  const {root, names, signal} = context;
  const one = /** @type {Photograph} */ (await json(`/v1/items/${names[0]}`, {signal}));
  const [marks, models] = await Promise.all([offers("/v1/decisions"), offers("/v1/models/{name}/neighbours")]);
  remember([one]);
  const name = one.path ? fileName(one.path) : `no. ${one.id}`;
  document.title = `${one.class || name} · dvml`;
  const image = h("img", {src: one.thumb, alt: `${one.class ?? ""} ${name}`.trim(), width: one.width, height: one.height});
  const note = h("p", {class: "soft", hidden: true}, "The file is no longer where it was indexed: this is its thumbnail.");
  const original = new Image();
  original.src = one.original;
  original.decode().then(() => { image.src = original.src; }, () => { note.hidden = false; });
  root.append(h("article", {class: "photograph"},
    h("figure", null, image, note),
    h("div", {class: "about"},
      h("h1", null, one.class || name),
      h("p", {class: "soft path"}, one.path || ""),
      h("div", {class: "ways"}, h("a", {class: "button main", href: `/search?like=${one.id}`}, "Search by this"),
        models ? h("a", {class: "button", href: `/compare?id=${one.id}`}, "Compare models") : null, h("a", {class: "button", href: one.original, download: name}, "Save")),
      facts(one), spread(one), places(one))));
  const hits = one.neighbours;
  const near = h("section", {class: "neighbours"}, h("h2", null, hits.length > 0 ? "Nearest" : "Nothing is near"));
  root.append(near);
  announce(`${one.class || name}. ${count(hits.length, "neighbour")}.`);
  if (hits.length === 0) return;
  const grid = new Grid({
    view: "photograph", label: "Nearest photographs", caption: "score", kept: context.kept?.index === undefined ? null : context.kept, keep: context.keep, signal,
    actions: marks ? pairMarks(one.id, () => grid.refresh()) : [],
  }, byHits(hits));
  near.append(!marks ? "" : h("p", {class: "soft"}, "Mark what shows the same (s) and what does not (d): the marks are kept with the index, for the next training."), grid.element);
  grid.render();
}

/** @param {Photograph} one */
function facts(one) {
  const size = one.bytes > 1 << 20 ? `${(one.bytes / (1 << 20)).toFixed(1)} MB` : `${Math.max(1, Math.round(one.bytes / 1024))} kB`;
  return h("dl", {class: "facts"},
    h("dt", null, "Size"), h("dd", null, `${one.width} × ${one.height}, ${size}`),
    one.added ? [h("dt", null, "Indexed"), h("dd", null, new Date(one.added).toLocaleDateString("en", {day: "numeric", month: "long", year: "numeric"}))] : null,
    h("dt", null, "Content"), h("dd", null, h("code", null, one.hash.slice(0, 12))));
}

/** How typical this one is of its class. @param {Photograph} one */
function spread(one) {
  const told = one.class_spread;
  if (!told || !one.class) return null;
  return h("section", null, h("h2", null, "In its class"), h("p", null,
    `${count(told.items, "photograph")} of `, h("a", {href: `/?class=${encodeURIComponent(one.class)}`}, one.class),
    told.items < 2 ? ". There is nothing to compare it with." :
      `, on average ${figure(told.mean_score)} alike, the least alike ${figure(told.min_score)}. This one is number ${told.rank_of_item.toLocaleString("en")} of ${told.items.toLocaleString("en")} by how typical it is.`));
}

/** @param {Photograph} one */
function places(one) {
  if (!one.places?.length) return null;
  return h("section", null, h("h2", null, one.places.length === 1 ? "Place" : "Places"), h("ul", {class: "places"}, one.places.map((place) =>
    h("li", {class: place.gone ? "gone" : ""}, h("span", {class: "path"}, place.path), place.class && place.class !== one.class ? ` as ${place.class}` : "", place.gone ? " (gone)" : ""))));
}
