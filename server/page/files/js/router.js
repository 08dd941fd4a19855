// Every view is a URL. A click on a link of this page, back and forward open the view of the address; what a view wants back on return (where it was
// scrolled to, what had the focus) lies in the history entry.

import {announce, byId, h} from "./dom.js";

/**
 * @typedef {object} Context
 * @property {HTMLElement} root what the view fills
 * @property {string[]} names what the path holds, in order
 * @property {URLSearchParams} query
 * @property {any} kept what the view kept in this history entry; null on a first visit
 * @property {(kept: any) => void} keep
 * @property {AbortSignal} signal fires when the view is left
 */

/** @typedef {{update?: (context: Context) => boolean | void}} View update returns true where it has shown the new address itself */

/** @type {{path: RegExp, name: string, title: string, load: () => Promise<{open: (context: Context) => Promise<View | void> | View | void}>}[]} */
const views = [
  {path: /^\/$/, name: "browse", title: "Photographs", load: () => import("./browse.js")},
  {path: /^\/search$/, name: "search", title: "Search", load: () => import("./search.js")},
  {path: /^\/photograph\/(\d+)$/, name: "photograph", title: "Photograph", load: () => import("./photograph.js")},
  {path: /^\/map$/, name: "map", title: "Map", load: () => import("./map.js")},
  {path: /^\/review(?:\/(\w+))?$/, name: "review", title: "Review", load: () => import("./review.js")},
  {path: /^\/compare$/, name: "compare", title: "Compare", load: () => import("./compare.js")},
  {path: /^\/runs(?:\/([^/]+))?$/, name: "runs", title: "Runs", load: () => import("./runs.js")},
];

/** @type {{name: string, view: View | void, leave: AbortController} | null} */
let current = null;
let opening = 0;

/**
 * Goes to an address of the page.
 * @param {string} address
 * @param {{replace?: boolean}} [how]
 */
export function go(address, how = {}) {
  if (how.replace) history.replaceState(null, "", address);
  else history.pushState(null, "", address);
  show(false);
}

/** Starts following the address. */
export function start() {
  history.scrollRestoration = "manual";
  addEventListener("popstate", () => show(true));
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin || !views.some((one) => one.path.test(link.pathname))) return;
    event.preventDefault();
    if (link.href !== location.href) go(link.href);
  });
  show(true);
}

/** @param {boolean} returning */
async function show(returning) {
  const mine = ++opening;
  const path = location.pathname;
  const found = views.find((one) => one.path.test(path));
  for (const link of document.querySelectorAll("header nav a")) {
    const here = link.getAttribute("href") ?? "";
    if (here === "/" ? path === "/" || path.startsWith("/photograph/") : path.startsWith(here)) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const leave = new AbortController();
  const context = {
    root: byId("main"), names: (found?.path.exec(path) ?? []).slice(1), query: new URLSearchParams(location.search), kept: returning ? history.state : null,
    /** @param {any} kept */
    keep(kept) { if (mine === opening) history.replaceState({...history.state, ...kept}, ""); }, signal: leave.signal,
  };
  if (current && found && current.name === found.name && current.view?.update?.({...context, signal: current.leave.signal})) return;
  const first = current === null;
  current?.leave.abort();
  current = {name: found?.name ?? "", view: undefined, leave};
  document.title = `${found?.title ?? "Not found"} · dvml`;
  context.root.replaceChildren();
  if (!returning) scrollTo(0, 0);
  if (!found) {
    context.root.replaceChildren(h("section", {class: "text"}, h("h1", null, "There is no such page"), h("p", null, h("a", {href: "/"}, "All photographs"))));
    return;
  }
  try {
    const module = await found.load();
    if (mine !== opening) return;
    const view = await module.open(context);
    if (mine === opening) current.view = view;
  } catch (error) {
    if (mine === opening && !leave.signal.aborted) failed(context.root, error);
    return;
  }
  if (mine !== opening) return;
  if (!first && !context.root.contains(document.activeElement)) context.root.focus({preventScroll: true});
}

/**
 * Says on the page what went wrong and what to do.
 * @param {HTMLElement} root
 * @param {unknown} error
 */
export function failed(root, error) {
  if (error instanceof DOMException && error.name === "AbortError") return;
  const text = error instanceof Error ? error.message : String(error);
  root.querySelector(".failed")?.remove();
  root.append(h("div", {class: "failed notice", role: "alert"}, h("p", null, text), h("button", {type: "button", onclick: () => go(location.href, {replace: true})}, "Try again")));
  announce(text);
}
