// Photographs that someone brings: dropped, pasted, chosen or taken. They stay in this tab; only a search sends one, to the service that gave the page.

import {announce} from "./dom.js";
import {go} from "./router.js";

/** @typedef {{blob: Blob, url: string, name: string}} Picture */

/** @type {Map<string, Picture>} */
const pictures = new Map();
const session = Date.now().toString(36);

/** @param {Blob} blob @param {string} name @returns {string} its key in addresses */
export function add(blob, name) {
  const key = `${session}-${pictures.size}`;
  pictures.set(key, {blob, url: URL.createObjectURL(blob), name});
  return key;
}

/** @param {string} key */
export function picture(key) { return pictures.get(key); }

/**
 * Adds photographs to the search that is open, or begins one.
 * @param {(File | Blob)[]} files
 */
export function searchBy(files) {
  const images = files.filter((file) => file.type === "" || file.type.startsWith("image/"));
  if (images.length === 0) {
    announce("That is not a photograph.");
    return;
  }
  const query = new URLSearchParams(location.pathname === "/search" ? location.search : "");
  for (const file of images) query.append("image", add(file, file instanceof File && file.name ? file.name : "photograph"));
  go("/search?" + query);
}

/**
 * Takes what was dropped or pasted: files, or a photograph of this page.
 * @param {DataTransfer | null} transfer
 */
export function takeFrom(transfer) {
  if (!transfer) return;
  const files = [...transfer.files];
  if (files.length > 0) {
    searchBy(files);
    return;
  }
  const id = /\/photograph\/(\d+)/.exec(transfer.getData("text/uri-list") || transfer.getData("text/plain"))?.[1];
  if (!id) return;
  const query = new URLSearchParams(location.pathname === "/search" ? location.search : "");
  query.append("like", id);
  go("/search?" + query);
}
