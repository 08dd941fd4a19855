// Marks on pairs of photographs: they show the same thing, or something different. Kept with the index, for the next training.

import {decide, info, whyReadOnly} from "./api.js";
import {announce} from "./dom.js";
import {known, want} from "./items.js";

/** @typedef {import("./types.js").Item} Item */

/** @type {Map<string, string>} marks made in this tab, by both hashes */
const made = new Map();

/** @param {Item} a @param {Item} b */
const pair = (a, b) => a.hash < b.hash ? a.hash + b.hash : b.hash + a.hash;

/**
 * The actions of a grid that mark its photographs against one.
 * @param {number} query id of that one
 * @param {() => void} changed
 * @returns {import("./tile.js").Action[]}
 */
export function pairMarks(query, changed) {
  /** @param {string} value */
  const mark = (value) => async (/** @type {Item} */ item) => {
    try {
      const cannot = whyReadOnly(await info());
      if (cannot) { announce(cannot); return; }
      await want([query]);
      const other = known(query);
      if (!other) return;
      const undo = made.get(pair(other, item)) === value;
      await decide("pair", other, item, undo ? "" : value);
      if (undo) made.delete(pair(other, item));
      else made.set(pair(other, item), value);
      announce(undo ? "Mark removed." : `Marked as ${value}.`);
      changed();
    } catch (error) {
      announce(error instanceof Error ? error.message : String(error));
    }
  };
  /** @param {string} value */
  const on = (value) => (/** @type {Item} */ item) => {
    const other = known(query);
    return other !== undefined && made.get(pair(other, item)) === value;
  };
  return [
    {key: "s", sign: "=", label: "Shows the same", run: mark("same"), on: on("same")},
    {key: "d", sign: "≠", label: "Shows something different", run: mark("different"), on: on("different")},
  ];
}
