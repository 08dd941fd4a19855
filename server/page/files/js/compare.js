// Two models on one photograph: what each finds, and where they agree.

import {info, json} from "./api.js";
import {announce, count, drawn, h} from "./dom.js";
import {Grid} from "./grid.js";
import {byHits} from "./items.js";
import {go} from "./router.js";

/** @typedef {import("./types.js").Hit} Hit */

/** @param {import("./router.js").Context} context */
export async function open(context) {
  const {root, query, signal} = context;
  const about = await info();
  root.append(h("h1", null, "Compare models"));
  if (about.models.length === 0) {
    root.append(h("section", {class: "text"}, h("p", null, "There is one model here. Start the service with another index of the same photographs beside it:"), h("pre", {tabindex: 0}, "dvml serve INDEX --compare OTHER-INDEX")));
    drawn("compare", {models: 0});
    return;
  }
  const name = query.get("model") ?? about.models[0];
  const id = query.get("id");
  /** @param {Record<string, string>} to */
  const change = (to) => {
    const next = new URLSearchParams(query);
    for (const [key, value] of Object.entries(to)) next.set(key, value);
    go("/compare?" + next);
  };
  const models = h("select", {onchange: () => change({model: models.value})}, about.models.map((one) => h("option", {value: one, selected: one === name}, one)));
  root.append(h("div", {class: "filters"}, h("label", {class: "field"}, `${about.model?.name ?? "This model"} beside`, " ", models),
    h("button", {type: "button", onclick: async () => change({id: String(await anyOne(signal))})}, id ? "Another photograph" : "A photograph at random")));
  if (!id) {
    root.append(h("p", {class: "empty"}, "Choose a photograph at random, or open one and press Compare models."));
    drawn("compare", {models: about.models.length});
    return;
  }
  const [mine, other] = await Promise.all([
    json(`/v1/items/${encodeURIComponent(id)}`, {signal}),
    json(`/v1/models/${encodeURIComponent(name)}/neighbours`, {params: {id}, signal}),
  ]);
  const here = /** @type {import("./types.js").Photograph} */ (mine);
  const there = /** @type {{neighbours: Hit[]}} */ (other).neighbours;
  const k = Math.min(here.neighbours.length, there.length);
  const found = new Set(there.slice(0, k).map((hit) => hit.item.hash));
  const both = here.neighbours.slice(0, k).filter((hit) => found.has(hit.item.hash)).length;
  const right = (/** @type {Hit[]} */ hits) => hits.slice(0, k).filter((hit) => hit.item.class && hit.item.class === here.class).length;
  const words = `${both} of the ${k} nearest are the same.`;
  root.append(h("div", {class: "query"}, h("a", {href: `/photograph/${here.id}`}, h("img", {src: here.thumb, alt: here.class || "the photograph"})), h("div", null, h("h2", null, here.class || `no. ${here.id}`), h("p", {class: "soft"}, words))));
  announce(words);
  const columns = h("div", {class: "two"});
  root.append(columns);
  for (const [title, hits, others] of /** @type {[string, Hit[], Set<string>][]} */ ([[about.model?.name ?? "This model", here.neighbours, found], [name, there, new Set(here.neighbours.slice(0, k).map((hit) => hit.item.hash))]])) {
    const alone = hits.slice(0, k).filter((hit) => !others.has(hit.item.hash)).length;
    const grid = new Grid({view: "compare", label: `Nearest by ${title}`, caption: "score", signal}, byHits(hits));
    columns.append(h("section", null, h("h2", null, title), h("p", {class: "soft"}, [here.class ? `${right(hits)} of ${count(k, "neighbour")} of the same class` : "", alone ? `${alone} that the other does not find` : ""].filter(Boolean).join("; ") || " "), grid.element));
    grid.render();
  }
}

/** @param {AbortSignal} signal */
async function anyOne(signal) {
  const {total} = /** @type {{total: number}} */ (await json("/v1/items", {params: {limit: 1}, signal}));
  const {items} = /** @type {{items: {id: number}[]}} */ (await json("/v1/items", {params: {limit: 1, offset: Math.floor(Math.random() * total)}, signal}));
  return items[0]?.id ?? 0;
}
