// The map's stage: what part of the plane is shown and how, labels and, when near, photographs; which points are selected.

import {drawn, h} from "./dom.js";
import {listen} from "./gestures.js";
import {known, want} from "./items.js";
import {Places, units} from "./mapdata.js";
import {canvas2d, palette, webgl} from "./painters.js";

/** @typedef {import("./mapdata.js").MapData} MapData */

/**
 * @typedef {object} Told
 * @property {(ids: Uint32Array, selected: boolean, zoomed: boolean) => void} shows the list beside the map
 * @property {(on: boolean) => void} lasso
 */

const nearest = 90; // points in view or fewer: their photographs are shown

export class Stage {
  /** @param {MapData} data @param {import("./types.js").MapInfo} about @param {import("./router.js").Context} context @param {Told} told */
  constructor(data, about, context, told) {
    this.data = data;
    this.about = about;
    this.context = context;
    this.told = told;
    this.places = new Places(data);
    this.canvas = h("canvas", {"aria-hidden": "true"});
    this.line = h("canvas", {class: "line", "aria-hidden": "true"});
    this.over = h("div", {class: "over", "aria-hidden": "true"});
    this.card = h("div", {class: "card", "aria-hidden": "true", hidden: true});
    this.says = h("p", {class: "soft by"}, "");
    this.surface = h("div", {class: "surface", tabindex: 0, role: "application", "aria-label": `Map of ${data.n.toLocaleString("en")} photographs. Arrows move, plus and minus zoom, Enter selects what is in view. The list after it holds what it shows.`},
      this.canvas, this.line, this.over, this.card);
    this.element = h("div", {class: "stage-box"}, this.surface, this.says);
    /** @type {Uint8Array | null} 1 for each selected point */
    this.selection = null;
    this.lasso = false;
    this.frame = 0;
    this.rest = 0;
    this.ratio = 1;
    /** @type {Map<number, HTMLImageElement>} */
    this.images = new Map();
    this.width = this.height = 1;
    const query = context.query;
    this.x = Number(query.get("x") ?? units / 2);
    this.y = Number(query.get("y") ?? units / 2);
    this.z = Math.max(1, Number(query.get("z") ?? 1)); // 1: all in view
    this.painter = webgl(this.canvas, data) ?? this.plain();
    this.canvas.addEventListener("webglcontextlost", () => { this.painter = this.plain(); this.paint(); });
    listen(this);
  }

  /** Draws without WebGL from here on; a canvas that has had it takes no other context. */
  plain() {
    const canvas = h("canvas", {"aria-hidden": "true"});
    this.canvas.replaceWith(canvas);
    this.canvas = canvas;
    this.size();
    return canvas2d(canvas, this.data);
  }

  begin() {
    const resized = new ResizeObserver(() => { this.size(); this.later(); });
    resized.observe(this.surface);
    this.context.signal.addEventListener("abort", () => { resized.disconnect(); cancelAnimationFrame(this.frame); clearTimeout(this.rest); });
    const again = () => this.paint();
    document.addEventListener("dvml:theme", again, {signal: this.context.signal});
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again, {signal: this.context.signal});
    this.size();
    this.paint();
  }

  size() {
    this.width = Math.max(1, this.surface.clientWidth);
    this.height = Math.max(1, this.surface.clientHeight);
    this.ratio = Math.min(2, devicePixelRatio);
    for (const canvas of [this.canvas, this.line]) {
      canvas.width = Math.round(this.width * this.ratio);
      canvas.height = Math.round(this.height * this.ratio);
    }
  }

  /** Gives the points their colours: of their class, or grey beside a selection. */
  paint() {
    const scheme = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
    const dark = scheme === "dark";
    const inks = palette(this.about.classes.length, dark);
    const grey = dark ? [120, 113, 103] : [143, 137, 127];
    const {n, classes} = this.data;
    const colours = new Uint8Array(4 * n);
    for (let i = 0; i < n; i++) {
      const c = classes[i], chosen = !this.selection || this.selection[i] === 1;
      const ink = c * 3 + 2 < inks.length && chosen ? inks.subarray(3 * c, 3 * c + 3) : grey;
      colours[4 * i] = ink[0]; colours[4 * i + 1] = ink[1]; colours[4 * i + 2] = ink[2];
      colours[4 * i + 3] = chosen ? 225 : 60;
    }
    this.painter.colour(colours);
    this.later();
    this.tell();
  }

  /** px per unit */
  get scale() { return this.z * Math.min(this.width, this.height) * 0.94 / units; }

  later() {
    this.frame ||= requestAnimationFrame(() => { this.frame = 0; this.draw(); });
  }

  draw() {
    const scale = this.scale;
    const size = Math.min(9, Math.max(2, (this.data.n > 20000 ? 2.2 : this.data.n > 3000 ? 3.4 : 5) * this.z ** 0.45));
    this.painter.draw({x: this.x, y: this.y, scale, width: this.width, height: this.height, ratio: this.ratio, size});
    this.overlay();
    this.says.textContent = `Drawn with ${this.painter.name}.`;
    clearTimeout(this.rest);
    this.rest = setTimeout(() => this.settled(), 200);
    drawn("map", {points: this.data.n, painter: this.painter.name, zoom: this.z, selected: this.selection ? this.selection.reduce((sum, one) => sum + one, 0) : 0});
  }

  settled() {
    if (this.context.signal.aborted) return;
    const query = new URLSearchParams({x: String(Math.round(this.x)), y: String(Math.round(this.y)), z: String(Number(this.z.toFixed(2)))});
    if (location.pathname === "/map") history.replaceState(history.state, "", this.z > 1 ? "/map?" + query : "/map");
    this.tell();
  }

  tell() {
    const points = this.selection ? Array.from(this.selection.keys()).filter((i) => this.selection?.[i]) : this.inView();
    this.told.shows(Uint32Array.from(points, (i) => this.data.ids[i]), this.selection !== null, this.z > 1);
  }

  inView() {
    const w = this.width / 2 / this.scale, hh = this.height / 2 / this.scale;
    return this.places.within(this.x - w, this.y - hh, this.x + w, this.y + hh);
  }

  /** @param {number} x px @param {number} y px @returns {[number, number]} units */
  unit(x, y) { return [this.x + (x - this.width / 2) / this.scale, this.y + (y - this.height / 2) / this.scale]; }

  /** @param {number} x @param {number} y @returns {[number, number]} px */
  pixel(x, y) { return [(x - this.x) * this.scale + this.width / 2, (y - this.y) * this.scale + this.height / 2]; }

  /** Labels of dense places; photographs when few points are in view. */
  overlay() {
    const points = this.z > 1 || this.data.n <= nearest ? this.inView() : [];
    const pictures = points.length > 0 && points.length <= nearest;
    /** @type {Node[]} */
    const shown = [];
    if (pictures) {
      const ids = points.map((i) => this.data.ids[i]);
      const missing = ids.filter((id) => !known(id));
      if (missing.length > 0) want(missing).then(() => this.later()).catch(() => { /* then the points are shown without their photographs */ });
      const side = points.length > 40 ? 44 : 64;
      for (const i of points) {
        const item = known(this.data.ids[i]);
        if (!item) continue;
        const [x, y] = this.pixel(this.data.x[i], this.data.y[i]);
        const image = this.images.get(item.id) ?? h("img", {src: item.thumb, alt: ""});
        this.images.set(item.id, image);
        image.classList.toggle("dim", this.selection !== null && this.selection[i] === 0);
        Object.assign(image.style, {width: side + "px", height: side + "px", transform: `translate(${x - side / 2}px, ${y - side / 2}px)`});
        shown.push(image);
      }
    } else {
      this.images.clear();
      /** @type {[number, number, number][]} */
      const taken = [];
      for (const label of this.about.labels) {
        const [x, y] = this.pixel(label.x, label.y), half = label.text.length * 4 + 8;
        if (x < half || y < 32 || x > this.width - half || y > this.height) continue;
        if (taken.some(([tx, ty, th]) => Math.abs(tx - x) < th + half && Math.abs(ty - y) < 24)) continue;
        taken.push([x, y, half]);
        const element = h("span", null, label.text);
        element.style.transform = `translate(${x}px, ${y - 8}px) translate(-50%, -100%)`; // above its place, which stays to be seen
        shown.push(element);
      }
    }
    this.over.replaceChildren(...shown);
  }

  /** @param {number} factor @param {number} [px] @param {number} [py] stays where it is */
  zoom(factor, px = this.width / 2, py = this.height / 2) {
    const [ux, uy] = this.unit(px, py);
    this.z = Math.min(400, Math.max(1, this.z * factor));
    [this.x, this.y] = [ux - (px - this.width / 2) / this.scale, uy - (py - this.height / 2) / this.scale];
    this.hold();
  }

  whole() { this.z = 1; this.x = this.y = units / 2; this.later(); }

  /** Keeps the centre within the map. */
  hold() {
    if (this.z === 1) this.x = this.y = units / 2;
    this.x = Math.min(units, Math.max(0, this.x));
    this.y = Math.min(units, Math.max(0, this.y));
    this.later();
  }

  /** @param {number[]} points */
  choose(points) {
    this.selection = new Uint8Array(this.data.n);
    for (const i of points) this.selection[i] = 1;
    if (points.length === 0) this.selection = null;
    this.paint();
  }

  clear() { this.selection = null; this.paint(); }

  selectView() { this.choose(this.inView()); }

  /** @param {boolean} on */
  setLasso(on) {
    this.lasso = on;
    this.surface.classList.toggle("drawing", on);
    this.told.lasso(on);
  }
}
