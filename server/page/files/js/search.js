// Search: photographs that are liked and disliked, parts of them, filters; what is found in words, to where nothing is likely any more.

import {info, json, offers} from "./api.js";
import {announce, count, drawn, h} from "./dom.js";
import {filters} from "./filters.js";
import {Grid} from "./grid.js";
import {byHits} from "./items.js";
import {pairMarks} from "./marks.js";
import {picture} from "./pictures.js";
import {bar, examples} from "./query.js";
import {failed, go} from "./router.js";

/** @typedef {import("./types.js").Found} Found */

/** @param {import("./router.js").Context} context */
export async function open(context) {
  const {root, query, signal} = context;
  const wanted = examples(query);
  const told = h("p", {class: "told"}, " ");
  const results = h("section", {class: "results", "aria-label": "Results"});
  root.append(h("div", {class: "search"},
    h("h1", {class: wanted.length > 0 ? "unseen" : ""}, "Search"),
    bar(query, wanted), wanted.length > 0 ? filters(query, "/search") : null, told, results));
  if (!wanted.some((one) => one.liked)) {
    told.textContent = wanted.length > 0 ? "Add a photograph that is like what you look for." : "";
    drawn("search", {tiles: 0, total: 0});
    return;
  }
  if (wanted.some((one) => one.key && !picture(one.key))) {
    failed(results, new Error("A photograph of this search was kept only as long as the page was open. Add it again."));
    return;
  }
  told.textContent = "Searching…";
  try {
    const [found, about, marks] = await Promise.all([ask(query, wanted, signal), info(), offers("/v1/decisions")]);
    const only = marks && wanted.length === 1 ? wanted[0].id : undefined; // what the results can be marked against
    show(context, found, only, about.index.calibrated, told, results);
  } catch (error) {
    told.textContent = "";
    failed(results, error);
  }
}

/**
 * @param {URLSearchParams} query @param {import("./query.js").Example[]} wanted @param {AbortSignal} signal
 * @returns {Promise<Found>}
 */
function ask(query, wanted, signal) {
  const body = {
    like: wanted.filter((one) => one.id !== undefined && one.liked).map((one) => one.id),
    unlike: wanted.filter((one) => one.id !== undefined && !one.liked).map((one) => one.id),
    filter: {classes: query.getAll("class"), folder: query.get("folder") ?? undefined, after: query.get("after") ?? undefined, before: query.get("before") ?? undefined},
  };
  const images = wanted.filter((one) => one.key);
  if (images.length === 0) return json("/v1/search", {json: body, signal});
  const form = new FormData();
  form.append("query", JSON.stringify(body));
  for (const one of images) {
    const held = picture(one.key ?? "");
    if (held) form.append("image", held.blob, held.name);
    form.append("crop", one.crop ?? "");
  }
  return json("/v1/search", {form, signal});
}

/**
 * @param {import("./router.js").Context} context @param {Found} found @param {number | undefined} only @param {boolean} calibrated
 * @param {HTMLElement} told @param {HTMLElement} results
 */
function show(context, found, only, calibrated, told, results) {
  const words = summary(found, calibrated);
  told.replaceChildren(h("strong", null, found.verdict || words), found.verdict ? ` ${words}` : "", h("span", {class: "aside"}, ` ${count(found.searched, "photograph")} searched in ${found.took_ms.toFixed(found.took_ms < 10 ? 1 : 0)} ms`));
  announce(words);
  if (found.hits.length === 0) {
    drawn("search", {tiles: 0, total: 0});
    return;
  }
  /** @param {"like" | "unlike"} name */
  const add = (name) => (/** @type {{id: number}} */ item) => {
    const next = new URLSearchParams(context.query);
    next.append(name, String(item.id));
    go("/search?" + next);
  };
  const grid = new Grid({
    view: "search", label: "Results, the nearest first", caption: "score", kept: context.kept?.index === undefined ? null : context.kept, keep: context.keep, signal: context.signal,
    actions: [{key: "+", sign: "+", label: "More like this", run: add("like")}, {key: "-", sign: "−", label: "Less like this", run: add("unlike")},
      ...(only === undefined ? [] : pairMarks(only, () => grid.refresh()))],
  }, byHits(found.hits));
  results.append(grid.element, h("p", {class: "end"}, calibrated ? "Nothing else here is likely to show the same thing." : "These are the nearest; without a calibrated index nothing says where likeness ends."));
  grid.render();
}

/** @param {Found} found @param {boolean} calibrated */
function summary(found, calibrated) {
  if (found.hits.length === 0) return calibrated ? "Nothing here is likely to show the same thing." : "Nothing was found.";
  if (!calibrated) return `The ${count(found.hits.length, "nearest photograph")}.`;
  const parts = ["same", "likely", "perhaps"].map((word) => [found.hits.filter((hit) => hit.word === word).length, word]).filter(([n]) => n);
  return parts.map(([n, word]) => `${n} ${word}`).join(", ") + ".";
}
