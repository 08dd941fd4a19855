// The map: where each photograph lies among the others. What is in view, or selected, stands beside it as a list.

import {bytes, info, json, Problem, whyReadOnly} from "./api.js";
import {announce, count, drawn, h} from "./dom.js";
import {Grid} from "./grid.js";
import {byIds, known, want} from "./items.js";
import {parse} from "./mapdata.js";
import {Stage} from "./stage.js";
import {failed} from "./router.js";

/** @typedef {import("./types.js").MapInfo} MapInfo */

/** @param {import("./router.js").Context} context */
export async function open(context) {
  const {root, signal} = context;
  const about = await mapInfo(signal);
  if (!about || about.in_progress) {
    await making(context, about);
    return;
  }
  const data = parse(await bytes("/v1/map", {signal}));
  if (signal.aborted) return;
  const heading = h("h2", null, " ");
  const told = h("p", {class: "soft"}, "");
  const clear = h("button", {type: "button", hidden: true, onclick: () => stage.clear()}, "Clear the selection");
  const save = h("button", {type: "button", onclick: () => download(shown)}, "Save this list");
  const select = h("button", {type: "button", onclick: () => stage.selectView()}, "Select what is in view");
  const lasso = h("button", {type: "button", "aria-pressed": "false", onclick: () => stage.setLasso(!stage.lasso)}, "Draw a selection");
  const list = h("section", {class: "mirror", "aria-label": "What the map shows"}, h("div", {class: "head"}, h("div", null, heading, told), h("div", {class: "buttons"}, clear, save)));
  /** @type {Uint32Array} */
  let shown = new Uint32Array();
  /** @type {Grid | null} */
  let grid = null;
  let last = "";
  const stage = new Stage(data, about, context, {
    lasso: (on) => lasso.setAttribute("aria-pressed", String(on)),
    shows: (ids, selected, zoomed) => {
      shown = ids;
      heading.textContent = selected ? `${count(ids.length, "photograph")} selected` : zoomed ? `${count(ids.length, "photograph")} in view` : count(ids.length, "photograph");
      if (heading.textContent !== last && last !== "") announce(heading.textContent);
      last = heading.textContent;
      clear.hidden = !selected;
      if (grid) grid.show(byIds(ids));
      else {
        grid = new Grid({view: "map-list", label: "What the map shows", caption: "class", kept: context.kept?.index === undefined ? null : context.kept, keep: context.keep, signal}, byIds(ids));
        list.append(grid.element);
        grid.render();
      }
    },
  });
  told.textContent = about.trust === null ? "" : `The places keep ${Math.round(about.trust * 100)} % of the true neighbours.`;
  root.append(h("div", {class: "map"}, h("section", {class: "stage-side"}, h("div", {class: "head"}, h("h1", null, "Map"), h("div", {class: "buttons"}, lasso, select,
    h("button", {type: "button", "aria-label": "Nearer", onclick: () => stage.zoom(2)}, "+"), h("button", {type: "button", "aria-label": "Farther", onclick: () => stage.zoom(0.5)}, "−"),
    h("button", {type: "button", onclick: () => stage.whole()}, "All"))), stage.element), list));
  stage.begin();
}

/** @param {AbortSignal} signal @returns {Promise<MapInfo | null>} null where there is no map */
async function mapInfo(signal) {
  try {
    return await json("/v1/map/info", {signal});
  } catch (error) {
    if (error instanceof Problem && error.status === 404) return null;
    throw error;
  }
}

/**
 * Offers to make the map, and shows how far it is.
 * @param {import("./router.js").Context} context @param {MapInfo | null} about
 */
async function making(context, about) {
  const {root, signal} = context;
  const cannot = whyReadOnly(await info());
  const bar = h("progress", {"aria-label": "Making the map", hidden: true});
  const words = h("p", {class: "soft"}, about ? "" : cannot || "It is computed once from the nearest neighbours of each photograph, and kept with the index.");
  const button = h("button", {type: "button", class: "main", disabled: cannot !== "", hidden: about !== null, onclick: async () => {
    button.disabled = true;
    try {
      await json("/v1/map", {method: "POST", write: true});
      await follow();
    } catch (error) {
      failed(root, error);
    }
  }}, "Make the map");
  const follow = async () => {
    for (let now = await mapInfo(signal); !signal.aborted; now = await mapInfo(signal)) {
      if (now && !now.in_progress) {
        root.replaceChildren();
        announce("The map is made.");
        await open(context);
        return;
      }
      button.hidden = true;
      bar.hidden = false;
      if (now?.in_progress) {
        bar.max = Math.max(1, now.in_progress.total);
        bar.value = now.in_progress.done;
        words.textContent = `${Math.floor(100 * bar.position)} % of the map is made.`;
      }
      await new Promise((done) => setTimeout(done, 400));
    }
  };
  root.append(h("section", {class: "text"}, h("h1", null, "Map"), h("p", null, about ? "The map of this index is being made." : "There is no map of this index yet."), words, bar, button));
  drawn("map", {points: 0});
  if (about) follow().catch((error) => failed(root, error));
}

/** Saves a list as CSV: id, class, path. @param {Uint32Array} ids */
async function download(ids) {
  const quote = (/** @type {string} */ text) => /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = ["id,class,path"];
  for (let at = 0; at < ids.length; at += 2000) {
    const part = Array.from(ids.subarray(at, at + 2000));
    await want(part);
    for (const id of part) {
      const item = known(id);
      if (item) lines.push(`${id},${quote(item.class ?? "")},${quote(item.path)}`);
    }
  }
  const url = URL.createObjectURL(new Blob([lines.join("\n") + "\n"], {type: "text/csv"}));
  h("a", {href: url, download: "photographs.csv"}).click();
  URL.revokeObjectURL(url);
  announce(`${count(ids.length, "photograph")} saved as photographs.csv.`);
}
