// What a search goes by: chips for liked and disliked photographs, and the ways to add one.

import {blob} from "./api.js";
import {announce, h} from "./dom.js";
import {takePhotograph} from "./camera.js";
import {crop} from "./crop.js";
import {known, want} from "./items.js";
import {add, picture, searchBy} from "./pictures.js";
import {go} from "./router.js";

/**
 * An example: a photograph of the index (id) or one that was brought (key), with the part that counts.
 * @typedef {{id?: number, key?: string, crop?: string, liked: boolean, name: string, value: string}} Example
 */

/** @param {URLSearchParams} query @returns {Example[]} */
export function examples(query) {
  /** @type {Example[]} */
  const all = [];
  for (const [name, value] of query) {
    if (name === "image") {
      const [key, part] = value.split("@");
      all.push({key, crop: part, liked: true, name, value});
    } else if ((name === "like" || name === "unlike") && /^\d+$/.test(value)) all.push({id: Number(value), liked: name === "like", name, value});
  }
  return all;
}

/**
 * Changes one example in the address, or takes it away.
 * @param {URLSearchParams} query @param {Example} one @param {[string, string] | null} to
 */
function change(query, one, to) {
  const next = new URLSearchParams();
  let done = false;
  for (const [name, value] of query) {
    if (!done && name === one.name && value === one.value) {
      done = true;
      if (to) next.append(...to);
    } else next.append(name, value);
  }
  go("/search?" + next);
}

/**
 * The bar above the results; without examples, a large field to drop one on.
 * @param {URLSearchParams} query @param {Example[]} wanted
 */
export function bar(query, wanted) {
  const pick = h("input", {type: "file", accept: "image/*", multiple: true, class: "unseen", tabindex: -1, "aria-hidden": "true", onchange: () => searchBy([...pick.files ?? []])});
  const ways = h("div", {class: "ways"}, pick,
    h("button", {type: "button", class: wanted.length === 0 ? "main" : "", onclick: () => pick.click()}, wanted.length === 0 ? "Choose a photograph" : "Add another"),
    h("button", {type: "button", onclick: takePhotograph}, "Take one"),
    h("button", {type: "button", onclick: paste}, "Paste"));
  if (wanted.length === 0) {
    return h("div", {class: "drop"}, h("p", {class: "lead"}, "Drop a photograph here, paste one, or choose it."),
      h("p", {class: "soft"}, "It is compared with every photograph of this index, and stays on this machine."), ways);
  }
  return h("div", {class: "examples"}, h("ul", {class: "chips", "aria-label": "Searching by"}, wanted.map((one) => chip(query, one))), ways);
}

/** @param {URLSearchParams} query @param {Example} one */
function chip(query, one) {
  const image = h("img", {alt: ""});
  const name = h("span", {class: "name"}, "");
  const box = h("li", {class: one.liked ? "example" : "example disliked"},
    h("span", {class: "picture"}, image), h("span", {class: "side"}, h("span", {class: "sign"}, one.liked ? "Like" : "Unlike"), name, h("span", {class: "buttons"},
      one.id === undefined ? null : h("button", {type: "button", onclick: () => change(query, one, [one.liked ? "unlike" : "like", one.value])}, one.liked ? "Dislike" : "Like"),
      h("button", {type: "button", onclick: () => cut(query, one)}, one.crop ? "Crop again" : "Crop"),
      h("button", {type: "button", "aria-label": "Remove from the search", onclick: () => change(query, one, null)}, "Remove"))));
  if (one.key) {
    const held = picture(one.key);
    if (held) image.src = held.url;
    image.alt = held ? held.name : "no longer kept";
    name.textContent = one.crop ? `part of ${held?.name ?? "a photograph"}` : held?.name ?? "no longer kept";
    if (held && one.crop) showPart(image, one.crop);
  } else if (one.id !== undefined) {
    const id = one.id;
    want([id]).then(() => {
      const item = known(id);
      if (item) image.src = item.thumb;
      image.alt = item?.class || `photograph ${id}`;
      name.replaceChildren(h("a", {href: `/photograph/${id}`}, item?.class || `no. ${id}`));
    }).catch((error) => { name.textContent = error.message; });
  }
  return box;
}

/**
 * Shows only the part of the picture that counts.
 * @param {HTMLImageElement} image @param {string} part "x,y,w,h"
 */
function showPart(image, part) {
  const [x, y, w, hh] = part.split(",").map(Number);
  image.addEventListener("load", () => {
    const side = Math.max(w * image.naturalWidth, hh * image.naturalHeight);
    const scale = (image.parentElement?.clientWidth ?? 72) / side;
    image.classList.add("part");
    image.style.width = image.naturalWidth * scale + "px";
    image.style.height = image.naturalHeight * scale + "px";
    image.style.transform = `translate(${-x * image.naturalWidth * scale}px, ${-y * image.naturalHeight * scale}px)`;
  }, {once: true});
}

/** @param {URLSearchParams} query @param {Example} one */
async function cut(query, one) {
  try {
    const held = one.key ? picture(one.key) : undefined;
    const url = held?.url ?? URL.createObjectURL(await blob(`/v1/original/${one.id}`));
    const part = await crop(url, one.crop);
    if (part === null) return;
    // A part of an indexed photograph is a photograph that is brought: the service embeds it anew.
    const key = one.key ?? add(await blob(url), known(one.id ?? -1)?.class ?? `no. ${one.id}`);
    change(query, one, ["image", part === "0,0,1,1" ? key : `${key}@${part}`]);
  } catch (error) {
    announce(error instanceof Error ? error.message : String(error));
  }
}

async function paste() {
  try {
    for (const one of await navigator.clipboard.read()) {
      const type = one.types.find((name) => name.startsWith("image/"));
      if (type) {
        searchBy([await one.getType(type)]);
        return;
      }
    }
    announce("The clipboard holds no photograph.");
  } catch {
    announce("The browser does not let the page read the clipboard: press Ctrl V instead.");
  }
}
