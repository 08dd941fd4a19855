// One photograph in a grid: picture, caption, how near it is in words, and what can be done with it.

import {h} from "./dom.js";
import {fileName} from "./items.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Hit} Hit */

/**
 * @typedef {object} Action
 * @property {string} key pressed on a photograph
 * @property {string} sign on the button
 * @property {string} label
 * @property {(item: Item) => void} run
 * @property {(item: Item) => boolean} [on] whether it is in force
 */

/**
 * A cell whose details are not there yet.
 * @param {number} index @param {number} column @param {boolean} active
 */
export function tile(index, column, active) {
  const cell = h("div", {class: "tile", role: "gridcell", "aria-colindex": column + 1, "data-index": index}, h("a", {tabindex: active ? 0 : -1}, h("span", {class: "picture"})));
  cell.firstElementChild?.setAttribute("aria-label", `photograph ${index + 1}`);
  return cell;
}

/**
 * @param {HTMLElement} cell @param {Item} item @param {Hit | undefined} hit
 * @param {{caption: "class" | "file" | "score", actions?: Action[]}} options
 */
export function fill(cell, item, hit, options) {
  cell.dataset.filled = "yes";
  const link = cell.querySelector("a");
  if (!link) return;
  const name = item.path === "" ? `no. ${item.id}` : fileName(item.path);
  link.href = `/photograph/${item.id}`;
  link.removeAttribute("aria-label"); // its name is what it shows, with what it does not show as the picture's
  const file = options.caption === "file" || !item.class;
  link.querySelector(".picture")?.append(h("img", {src: item.thumb, alt: file ? item.class ?? "" : name, decoding: "async"}));
  link.append(h("span", {class: "caption"}, file ? name : item.class));
  if (hit) link.append(nearness(hit));
  if (options.actions?.length) cell.append(buttons(item, options.actions));
}

/** @param {Item} item @param {Action[]} actions */
function buttons(item, actions) {
  return h("span", {class: "acts"}, actions.map((one) => h("button", {
    type: "button", tabindex: -1, title: `${one.label} (${one.key})`, "aria-label": one.label, "aria-pressed": one.on ? String(one.on(item)) : null,
    onclick: () => one.run(item),
  }, one.sign)));
}

/** @type {Record<string, number>} */
const strength = {same: 3, likely: 2, perhaps: 1};

/**
 * How near, in a word where the index is calibrated, and as a number.
 * @param {Hit} hit
 */
export function nearness(hit) {
  const marks = strength[hit.word ?? ""] ?? 0;
  return h("span", {class: "near"},
    hit.word ? h("span", {class: "word"}, h("span", {class: "marks", "data-marks": marks, "aria-hidden": "true"}, h("i"), h("i"), h("i")), hit.word) : null,
    h("span", {class: "number", title: hit.probability === null ? "cosine similarity" : `probability ${hit.probability.toFixed(3)}, cosine similarity ${hit.score.toFixed(3)}`},
      h("span", {class: "unseen"}, hit.probability === null ? "similarity " : "probability "), figure(hit.probability ?? hit.score)));
}

/** @param {number} value */
export function figure(value) {
  return value.toFixed(2).replace(/^(-?)0\./, "$1.");
}
