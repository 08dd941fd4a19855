// The shell: the token out of the address, theme, keys, what the collection holds, indexing progress, photographs dropped or pasted anywhere.

import {forgetInfo, info, keepToken, offers} from "./api.js";
import {byId, count, isTyping} from "./dom.js";
import {showKeys} from "./help.js";
import {watch} from "./indexing.js";
import {forget} from "./items.js";
import {takeFrom} from "./pictures.js";
import {go, start} from "./router.js";

keepToken();
theme();
keys();
arrivals();
start();
collection();
offered();
watch(() => {
  forgetInfo();
  forget();
  collection();
  document.dispatchEvent(new Event("dvml:index"));
});

function theme() {
  const button = byId("theme");
  const root = document.documentElement;
  const order = ["auto", "light", "dark"];
  const say = () => { button.textContent = `Theme: ${root.dataset.theme ?? "auto"}`; };
  button.addEventListener("click", () => {
    const next = order[(order.indexOf(root.dataset.theme ?? "auto") + 1) % order.length];
    if (next === "auto") delete root.dataset.theme;
    else root.dataset.theme = next;
    try { localStorage.setItem("theme", next); } catch { /* then it holds for this page alone */ }
    say();
    document.dispatchEvent(new Event("dvml:theme"));
  });
  say();
}

/** Takes the views away that this service has no routes for. */
async function offered() {
  const needs = {"/map": "/v1/map", "/review": "/v1/review/{queue}", "/compare": "/v1/models/{name}/neighbours", "/runs": "/v1/runs"};
  for (const [view, route] of Object.entries(needs)) {
    const link = /** @type {HTMLElement | null} */ (document.querySelector(`header nav a[href="${view}"]`));
    if (link) link.hidden = !await offers(route);
  }
}

async function collection() {
  try {
    const told = await info();
    byId("collection").textContent = `${told.index.folder_name} · ${count(told.index.items, "photograph")}`;
    byId("collection").title = told.index.failed ? `${count(told.index.failed, "file")} could not be read` : "";
  } catch { /* the view says so */ }
}

function keys() {
  byId("help").addEventListener("click", showKeys);
  /** @type {Record<string, string>} */
  const places = {p: "/", f: "/search", m: "/map", r: "/review", c: "/compare", u: "/runs"};
  let waiting = false; // g, then a letter
  addEventListener("keydown", (event) => {
    if (event.defaultPrevented || isTyping(event)) return;
    if (event.key === "?") showKeys();
    else if (event.key === "/") go("/search");
    else if (waiting && places[event.key]) go(places[event.key]);
    else { waiting = event.key === "g"; return; }
    waiting = false;
    event.preventDefault();
  });
}

/** A photograph that is dropped or pasted anywhere begins a search. */
function arrivals() {
  const body = document.body;
  /** @param {DragEvent} event */
  const carries = (event) => event.dataTransfer?.types.some((type) => type === "Files" || type === "text/uri-list") ?? false;
  addEventListener("dragover", (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    body.classList.add("dropping");
  });
  addEventListener("dragleave", (event) => { if (event.relatedTarget === null) body.classList.remove("dropping"); });
  addEventListener("drop", (event) => {
    body.classList.remove("dropping");
    if (!carries(event)) return;
    event.preventDefault();
    takeFrom(event.dataTransfer);
  });
  addEventListener("paste", (event) => {
    const target = event.target;
    if (target instanceof HTMLInputElement && !event.clipboardData?.files.length) return;
    takeFrom(event.clipboardData);
  });
}
