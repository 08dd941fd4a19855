// A grid of photographs that holds only the rows near the view, as a grid of the ARIA Authoring Practices: one Tab stop, arrows, Home and End within the row
// (with Ctrl: the whole grid), Page Up and Page Down by the view's height, Enter opens.

import {announce, drawn, h} from "./dom.js";
import {fill, tile} from "./tile.js";

/** @typedef {import("./items.js").Source} Source */
/** @typedef {import("./types.js").Item} Item */

/**
 * @typedef {object} Options
 * @property {string} view named in the drawn event
 * @property {string} label for screen readers
 * @property {"class" | "file" | "score"} caption
 * @property {import("./tile.js").Action[]} [actions] per photograph, each with its key
 * @property {{index: number, scroll: number} | null} [kept] where to return to
 * @property {(kept: {index: number, scroll: number}) => void} [keep]
 * @property {AbortSignal} signal
 */

const beyond = 400; // px above and below the view that are kept ready
const tallest = 15_000_000; // px; browsers end somewhat above
const gap = 6;

export class Grid {
  /** @param {Options} options @param {Source} source */
  constructor(options, source) {
    this.options = options;
    this.source = source;
    this.element = h("div", {class: "grid", role: "grid", "aria-label": options.label});
    this.active = Math.min(options.kept?.index ?? 0, Math.max(0, source.length - 1));
    /** @type {Map<number, HTMLElement>} */
    this.rows = new Map();
    this.count = 0; // rows in all
    this.whole = 0; // px
    this.asked = -Infinity;
    this.returned = false;
    this.columns = 0;
    this.rowHeight = 0;
    this.frame = 0;
    this.moved = 0;
    this.pending = 0;
    this.restore = options.kept ?? null;
    const later = () => this.later();
    addEventListener("scroll", later, {passive: true, signal: options.signal});
    this.width = 0;
    this.resized = new ResizeObserver(() => {
      if (this.element.clientWidth !== this.width) this.columns = 0;
      later();
    });
    this.resized.observe(this.element);
    options.signal.addEventListener("abort", () => this.close());
    this.element.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("focusin", (event) => {
      const at = this.indexOf(event.target);
      if (at >= 0 && at !== this.active) this.activate(at);
    });
    this.element.addEventListener("load", (event) => this.loaded(event), true);
    this.element.addEventListener("error", (event) => this.loaded(event), true);
  }

  close() {
    cancelAnimationFrame(this.frame);
    this.resized.disconnect();
  }

  /** Shows another list; the focus stays where it is if it can. @param {Source} source */
  show(source) {
    this.source = source;
    this.active = Math.min(this.active, Math.max(0, source.length - 1));
    this.clear();
    this.columns = 0;
    this.later();
  }

  /** Takes a source with the same photographs at the same places, of which more is known. @param {Source} source */
  replace(source) {
    if (source.length !== this.source.length) { this.show(source); return; }
    this.source = source;
    this.later();
  }

  /** Draws again what is shown, as when a decision was made. */
  refresh() {
    const had = this.element.contains(document.activeElement);
    this.clear();
    this.render();
    if (had) this.link(this.active)?.focus({preventScroll: true});
  }

  clear() {
    for (const row of this.rows.values()) row.remove();
    this.rows.clear();
  }

  later() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.render(); });
  }

  measure() {
    const width = this.width = this.element.clientWidth;
    this.returned ||= this.element.contains(document.activeElement);
    const least = width < 520 ? this.options.caption === "score" ? 104 : 96 : width > 1800 ? 180 : 148;
    this.columns = Math.max(2, Math.floor((width + gap) / (least + gap)));
    this.clear();
    const side = (width - gap * (this.columns - 1)) / this.columns;
    this.rowHeight = Math.round(side) + (this.options.caption === "score" ? 46 : 26) + gap;
    this.count = Math.ceil(this.source.length / this.columns);
    this.whole = this.count * this.rowHeight;
    this.element.style.height = Math.min(this.whole, tallest) + "px";
    this.element.style.setProperty("--columns", String(this.columns));
    this.element.setAttribute("aria-rowcount", String(this.count));
    this.element.setAttribute("aria-colcount", String(this.columns));
  }

  /** Where the view begins: within the element as it scrolls, and within all rows, which may be taller. */
  scrolled() {
    const shown = Math.max(0, -this.element.getBoundingClientRect().top);
    const whole = this.whole;
    if (whole <= tallest) return {shown, real: shown};
    return {shown, real: shown / (tallest - innerHeight) * (whole - innerHeight)};
  }

  render() {
    if (!this.element.isConnected || this.element.clientWidth === 0) return;
    if (this.columns === 0) {
      this.measure();
      if (this.restore) {
        const {scroll} = this.restore;
        this.restore = null;
        scrollTo(0, scroll);
        this.returned = true;
      }
    }
    const {shown, real} = this.scrolled();
    const top = this.element.getBoundingClientRect().top;
    const seen = innerHeight - Math.max(0, top);
    const first = Math.max(0, Math.floor((real - beyond) / this.rowHeight));
    const last = Math.min(this.count - 1, Math.floor((real + seen + beyond) / this.rowHeight));
    const held = Math.floor(this.active / this.columns);
    for (const [at, row] of this.rows) {
      if ((at < first || at > last) && at !== held) {
        row.remove();
        this.rows.delete(at);
      }
    }
    if (this.source.length > 0) {
      for (let at = first; at <= last; at++) this.place(at, shown - real);
      this.place(held, shown - real);
    }
    this.fetch(first * this.columns, Math.min(this.source.length, (last + 1) * this.columns));
    this.options.keep?.({index: this.active, scroll: scrollY});
    if (this.returned && this.link(this.active)) {
      this.returned = false;
      this.link(this.active)?.focus({preventScroll: true});
    }
    this.settle();
  }

  /** @param {number} at @param {number} shift of all rows where they are taller than the element */
  place(at, shift) {
    let row = this.rows.get(at);
    if (!row) {
      row = h("div", {class: "row", role: "row", "aria-rowindex": at + 1});
      for (let column = 0; column < this.columns; column++) {
        const index = at * this.columns + column;
        if (index >= this.source.length) break;
        row.append(tile(index, column, index === this.active));
      }
      const next = [...this.rows.keys()].filter((one) => one > at).sort((a, b) => a - b)[0];
      this.element.insertBefore(row, next === undefined ? null : this.rows.get(next) ?? null);
      this.rows.set(at, row);
      this.fillRow(row);
    }
    row.style.transform = `translateY(${at * this.rowHeight + shift}px)`;
  }

  /** @param {HTMLElement} row */
  fillRow(row) {
    for (const cell of /** @type {HTMLCollectionOf<HTMLElement>} */ (row.children)) {
      const index = Number(cell.dataset.index);
      const item = this.source.item(index);
      if (item && !cell.dataset.filled) fill(cell, item, this.source.hit(index), this.options);
    }
  }

  /** @param {number} from @param {number} to */
  fetch(from, to) {
    clearTimeout(this.moved);
    const ask = () => {
      const wanted = this.source.want(from, to);
      if (!wanted) return;
      this.pending++;
      wanted.catch((error) => announce(String(error.message ?? error))).finally(() => {
        this.pending--;
        if (this.options.signal.aborted) return;
        for (const row of this.rows.values()) this.fillRow(row);
        this.settle();
      });
    };
    // While the list flies by, nothing is asked for: only where it slows down are details of use.
    if (performance.now() - this.asked > 80) ask();
    else this.moved = setTimeout(ask, 80);
    this.asked = performance.now();
  }

  /** @param {Event} event */
  loaded(event) {
    if (!(event.target instanceof HTMLImageElement)) return;
    event.target.classList.add(event.type === "load" ? "here" : "lost");
    this.settle();
  }

  /** Says so once all that stands in the view has its picture. */
  settle() {
    if (this.pending > 0) return;
    let tiles = 0;
    for (const row of this.rows.values()) {
      const box = row.getBoundingClientRect();
      if (box.bottom < 0 || box.top > innerHeight) continue;
      for (const cell of row.children) {
        const image = cell.querySelector("img");
        if (!image || !image.classList.contains("here") && !image.classList.contains("lost")) return;
        tiles++;
      }
    }
    if (tiles === 0 && this.source.length > 0 && this.element.getBoundingClientRect().top < innerHeight) return;
    drawn(this.options.view, {tiles, total: this.source.length, held: this.rows.size * this.columns, first: Math.floor(this.scrolled().real / this.rowHeight) * this.columns});
  }

  /** @param {EventTarget | null} target */
  indexOf(target) {
    const cell = target instanceof Element ? target.closest("[data-index]") : null;
    return cell instanceof HTMLElement ? Number(cell.dataset.index) : -1;
  }

  /** @param {number} at @returns {HTMLElement | null} */
  link(at) {
    return this.element.querySelector(`[data-index="${at}"] a`);
  }

  /** @param {number} at */
  activate(at) {
    this.link(this.active)?.setAttribute("tabindex", "-1");
    this.active = at;
    this.link(at)?.setAttribute("tabindex", "0");
    this.options.keep?.({index: at, scroll: scrollY});
  }

  /** Moves the focus, and the view with it. @param {number} to */
  move(to) {
    to = Math.max(0, Math.min(this.source.length - 1, to));
    this.activate(to);
    const row = Math.floor(to / this.columns);
    const {real, shown} = this.scrolled();
    const box = this.element.getBoundingClientRect();
    const header = document.querySelector("header.top")?.getBoundingClientRect().bottom ?? 0;
    const top = row * this.rowHeight + shown - real + box.top;
    const whole = this.whole;
    const scale = whole > tallest ? (tallest - innerHeight) / (whole - innerHeight) : 1;
    if (top < header) scrollBy(0, (top - header - gap) * scale);
    else if (top + this.rowHeight > innerHeight) scrollBy(0, (top + this.rowHeight - innerHeight + gap) * scale);
    this.render();
    this.link(to)?.focus({preventScroll: true});
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.altKey || event.metaKey || this.source.length === 0) return;
    const at = this.active;
    const start = at - at % this.columns;
    const page = Math.max(1, Math.floor((innerHeight - 120) / this.rowHeight)) * this.columns;
    /** @type {Record<string, number>} */
    const moves = {
      ArrowRight: at + 1, ArrowLeft: at - 1, ArrowDown: at + this.columns, ArrowUp: at - this.columns, PageDown: at + page, PageUp: at - page,
      Home: event.ctrlKey ? 0 : start, End: event.ctrlKey ? this.source.length - 1 : start + this.columns - 1,
    };
    const to = moves[event.key];
    if (to !== undefined) {
      event.preventDefault();
      if (event.key === "ArrowUp" && to < 0 || event.key === "ArrowDown" && to >= this.source.length && start + this.columns >= this.source.length) return;
      this.move(to);
      return;
    }
    const action = event.ctrlKey ? undefined : this.options.actions?.find((one) => one.key === event.key);
    const item = this.source.item(at);
    if (action && item) {
      event.preventDefault();
      event.stopPropagation();
      action.run(item);
    }
  }
}
