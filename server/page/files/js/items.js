// Details of photographs by id, asked for in batches when they are first shown, and the lists of photographs that a grid shows.

import {json} from "./api.js";

/** @typedef {import("./types.js").Item} Item */
/** @typedef {import("./types.js").Hit} Hit */

const atOnce = 200; // ids in one request; the service takes 500
const kept = 6000; // details held; the oldest are let go

/** @type {Map<number, Item>} */
const details = new Map();
/** @type {Map<number, Promise<void>>} */
const asked = new Map();

/** @param {Item[]} items */
export function remember(items) {
  for (const item of items) {
    details.delete(item.id);
    details.set(item.id, item);
  }
  for (const id of details.keys()) {
    if (details.size <= kept) break;
    details.delete(id);
  }
}

/** @param {number} id */
export function known(id) { return details.get(id); }

/** Lets go of everything: the index has changed. */
export function forget() { details.clear(); }

/**
 * Sees to it that the details of these ids are there.
 * @param {number[]} ids
 */
export async function want(ids) {
  const missing = ids.filter((id) => !details.has(id) && !asked.has(id));
  for (let at = 0; at < missing.length; at += atOnce) {
    const part = missing.slice(at, at + atOnce);
    const answer = json("/v1/items/batch", {json: {ids: part}}).then((/** @type {{items: Item[]}} */ told) => remember(told.items))
      .finally(() => { for (const id of part) asked.delete(id); });
    for (const id of part) asked.set(id, answer);
  }
  await Promise.all(new Set(ids.map((id) => asked.get(id)).filter((one) => one !== undefined)));
}

/**
 * What a grid shows: photographs in order, with details that may come later.
 * @typedef {object} Source
 * @property {number} length
 * @property {(at: number) => Item | undefined} item
 * @property {(from: number, to: number) => Promise<void> | null} want null where all of [from, to) is there
 * @property {(at: number) => Hit | undefined} hit
 */

/**
 * A list by ids alone.
 * @param {Uint32Array | number[]} ids
 * @returns {Source}
 */
export function byIds(ids) {
  return {
    length: ids.length,
    item: (at) => details.get(ids[at]),
    want(from, to) {
      const part = Array.from(ids.slice(from, to));
      return part.every((id) => details.has(id)) ? null : want(part);
    },
    hit: () => undefined,
  };
}

/**
 * A list of hits, which bring their details.
 * @param {Hit[]} hits
 * @returns {Source}
 */
export function byHits(hits) {
  remember(hits.map((hit) => hit.item));
  return {length: hits.length, item: (at) => hits[at]?.item, want: () => null, hit: (at) => hits[at]};
}

/** @param {string} path */
export function fileName(path) {
  return path.slice(path.lastIndexOf("/") + 1);
}
