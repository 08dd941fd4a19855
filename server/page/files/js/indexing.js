// Progress of indexing, from the first second, and word of a new version of the index.

import {info} from "./api.js";
import {announce, byId, count, h} from "./dom.js";

/** @typedef {import("./types.js").Indexing} Indexing */

/**
 * Follows the service's events.
 * @param {() => void} changed the index has another version
 */
export function watch(changed) {
  info().then((told) => show(told.indexing, changed)).catch(() => { /* the view says so */ });
  const events = new EventSource("/v1/events");
  events.addEventListener("indexing", (event) => show(JSON.parse(event.data), changed));
  events.addEventListener("index", changed);
  addEventListener("pagehide", () => events.close());
}

let running = false;

/** @param {Indexing | null} now @param {() => void} changed */
function show(now, changed) {
  const box = byId("progress");
  box.hidden = now === null;
  if (now === null) {
    if (running) {
      announce("Indexing has ended.");
      changed();
    }
    running = false;
    return;
  }
  if (!running) announce("Indexing has begun.");
  running = true;
  let bar = box.querySelector("progress");
  if (!bar) {
    bar = h("progress", {"aria-label": "Indexing"});
    box.replaceChildren(bar, h("span", {class: "words"}));
  }
  bar.max = Math.max(1, now.total);
  bar.value = now.done;
  const left = now.eta_s ? `, ${duration(now.eta_s)} left` : "";
  const words = box.querySelector(".words");
  if (words) {
    words.textContent = `${now.phase}: ${now.done.toLocaleString("en")} of ${count(now.total, "photograph")}` +
      (now.rate > 0 ? `, ${now.rate.toFixed(now.rate < 10 ? 1 : 0)} a second${left}` : "") + (now.failed ? `; ${count(now.failed, "file")} could not be read` : "");
  }
}

/** @param {number} seconds */
export function duration(seconds) {
  if (seconds < 90) return count(Math.round(seconds), "second");
  if (seconds < 5400) return count(Math.round(seconds / 60), "minute");
  return count(Math.round(seconds / 3600), "hour");
}
