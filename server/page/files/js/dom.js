// Elements, announcements to screen readers, and the event that says what has been drawn.

/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * Makes an element. `on…` functions become listeners, true and false set and leave out, `class` is the class; the rest become attributes. No style
 * attribute: the page's Content-Security-Policy has none.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, any> | null} [attributes]
 * @param {...(Child | Child[])} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function h(tag, attributes, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === null || value === undefined || value === false) continue;
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : String(value));
  }
  append(element, children);
  return element;
}

/**
 * @param {Element} element
 * @param {(Child | Child[])[]} children
 */
function append(element, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

/**
 * Makes an SVG element.
 * @param {string} tag
 * @param {Record<string, string | number>} attributes
 * @param {...(Node | string)} children
 */
export function svg(tag, attributes, ...children) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  element.append(...children);
  return element;
}

/**
 * An element that index.html has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id);
  if (!element) throw new Error(`index.html has no #${id}`);
  return element;
}

/**
 * Has a screen reader say something.
 * @param {string} text
 */
export function announce(text) {
  byId("announcer").textContent = text;
}

/**
 * Says that a view stands on the screen: `dvml:drawn` on the document, after the frame, with the counts of what is shown. Tests and scripts wait for it.
 * @param {string} view
 * @param {Record<string, number | string | boolean>} counts
 */
export function drawn(view, counts) {
  requestAnimationFrame(() => document.dispatchEvent(new CustomEvent("dvml:drawn", {detail: {view, ...counts}})));
}

/**
 * Whether a key press belongs to a field that someone types in, or to a dialog or a shortcut of the browser.
 * @param {KeyboardEvent} event
 */
export function isTyping(event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return true;
  const target = event.target;
  return target instanceof HTMLElement && (target.isContentEditable || target.closest("input:not([type=checkbox]), textarea, select, dialog") !== null);
}

/**
 * Makes a list of links or buttons one Tab stop: arrows, Home and End move within it.
 * @param {HTMLElement} list
 * @param {string} selector of what is stepped through
 */
export function roving(list, selector) {
  const all = () => /** @type {HTMLElement[]} */ ([...list.querySelectorAll(selector)]);
  /** @param {HTMLElement} chosen */
  const choose = (chosen) => { for (const one of all()) one.tabIndex = one === chosen ? 0 : -1; };
  const current = all().find((one) => one.hasAttribute("aria-current")) ?? all()[0];
  if (current) choose(current);
  list.onkeydown = (event) => {
    const items = all();
    const at = items.indexOf(/** @type {HTMLElement} */ (document.activeElement));
    if (at < 0) return;
    const to = {ArrowDown: at + 1, ArrowRight: at + 1, ArrowUp: at - 1, ArrowLeft: at - 1, Home: 0, End: items.length - 1}[event.key];
    if (to === undefined || !items[to]) return;
    event.preventDefault();
    choose(items[to]);
    items[to].focus();
  };
}

/** @param {number} n @param {string} one @param {string} [many] */
export function count(n, one, many) {
  return `${n.toLocaleString("en")} ${n === 1 ? one : many ?? one + "s"}`;
}
