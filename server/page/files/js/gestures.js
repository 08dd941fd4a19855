// Moving the map with mouse, fingers or keys; what is under the pointer; drawing a selection.

import {drawn, h} from "./dom.js";
import {known, want} from "./items.js";
import {go} from "./router.js";

/** @typedef {import("./stage.js").Stage} Stage */

const reach = 14; // px from the pointer

/** @param {Stage} stage */
export function listen(stage) {
  const {surface} = stage;
  /** @type {Map<number, [number, number]>} pointers that are down */
  const fingers = new Map();
  surface.addEventListener("wheel", (event) => {
    event.preventDefault();
    stage.zoom(2 ** (-event.deltaY * (event.deltaMode === 1 ? 0.06 : 0.003)), ...at(stage, event));
  }, {passive: false});
  surface.addEventListener("keydown", (event) => key(stage, event));
  surface.addEventListener("pointerdown", (event) => down(stage, fingers, event));
  surface.addEventListener("pointermove", (event) => hover(stage, fingers, event));
  surface.addEventListener("pointerleave", () => { stage.card.hidden = true; });
}

/** @param {Stage} stage @param {KeyboardEvent} event */
function key(stage, event) {
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  const step = 60 / stage.scale;
  /** @type {Record<string, () => void>} */
  const does = {
    ArrowLeft: () => { stage.x -= step; stage.hold(); }, ArrowRight: () => { stage.x += step; stage.hold(); }, ArrowUp: () => { stage.y -= step; stage.hold(); }, ArrowDown: () => { stage.y += step; stage.hold(); },
    "+": () => stage.zoom(1.5), "=": () => stage.zoom(1.5), "-": () => stage.zoom(1 / 1.5), "0": () => stage.whole(), l: () => stage.setLasso(!stage.lasso), Enter: () => stage.selectView(),
    Escape: () => { stage.setLasso(false); stage.clear(); },
  };
  if (!does[event.key]) return;
  event.preventDefault();
  does[event.key]();
}

/** Where a pointer is, in px of the stage. @param {Stage} stage @param {MouseEvent} event */
function at(stage, event) {
  const box = stage.surface.getBoundingClientRect();
  return /** @type {[number, number]} */ ([event.clientX - box.left, event.clientY - box.top]);
}

/** @param {Stage} stage @param {Map<number, [number, number]>} fingers @param {PointerEvent} event */
function down(stage, fingers, event) {
  if (event.button !== 0) return;
  stage.surface.setPointerCapture(event.pointerId);
  fingers.set(event.pointerId, at(stage, event));
  const begin = at(stage, event);
  const drawing = (stage.lasso || event.shiftKey) && fingers.size === 1;
  /** @type {[number, number][]} */
  const path = [begin];
  let moved = false;
  const move = (/** @type {PointerEvent} */ e) => {
    if (e.pointerId !== event.pointerId) return;
    const now = at(stage, e), before = fingers.get(e.pointerId) ?? now;
    if (Math.hypot(now[0] - begin[0], now[1] - begin[1]) > 4) moved = true;
    if (drawing) {
      path.push(now);
      trace(stage, path);
    } else if (fingers.size === 2) {
      const other = [...fingers].find(([id]) => id !== e.pointerId)?.[1] ?? now;
      const wide = (/** @type {[number, number]} */ p) => Math.hypot(p[0] - other[0], p[1] - other[1]);
      stage.zoom(wide(now) / Math.max(1, wide(before)), other[0], other[1]);
    } else if (moved) {
      stage.x -= (now[0] - before[0]) / stage.scale;
      stage.y -= (now[1] - before[1]) / stage.scale;
      stage.hold();
    }
    fingers.set(e.pointerId, now);
  };
  const up = (/** @type {PointerEvent} */ e) => {
    if (e.pointerId !== event.pointerId) return;
    fingers.delete(e.pointerId);
    stage.surface.removeEventListener("pointermove", move);
    stage.surface.removeEventListener("pointerup", up);
    stage.surface.removeEventListener("pointercancel", up);
    if (drawing && path.length > 2) {
      trace(stage, []);
      stage.choose(stage.places.inside(path.map(([x, y]) => stage.unit(x, y))));
      stage.setLasso(false);
    } else if (!moved && !drawing) {
      const point = stage.places.nearest(...stage.unit(...at(stage, e)), reach / stage.scale);
      if (point >= 0) go(`/photograph/${stage.data.ids[point]}`);
    }
  };
  stage.surface.addEventListener("pointermove", move);
  stage.surface.addEventListener("pointerup", up);
  stage.surface.addEventListener("pointercancel", up);
}

/** Draws the line of a selection. @param {Stage} stage @param {[number, number][]} path */
function trace(stage, path) {
  const context = stage.line.getContext("2d");
  if (!context) return;
  const ratio = stage.ratio ?? 1;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, stage.width, stage.height);
  if (path.length < 2) return;
  context.strokeStyle = getComputedStyle(stage.surface).getPropertyValue("outline-color");
  context.lineWidth = 2;
  context.beginPath();
  for (const [x, y] of path) context.lineTo(x, y);
  context.stroke();
}

/** Shows what is under the pointer. @param {Stage} stage @param {Map<number, [number, number]>} fingers @param {PointerEvent} event */
function hover(stage, fingers, event) {
  if (fingers.size > 0) { stage.card.hidden = true; return; }
  const [px, py] = at(stage, event);
  const point = stage.places.nearest(...stage.unit(px, py), reach / stage.scale);
  stage.card.hidden = point < 0;
  if (point < 0) return;
  const id = stage.data.ids[point];
  const [x, y] = stage.pixel(stage.data.x[point], stage.data.y[point]);
  stage.card.style.transform = `translate(${Math.min(x + 12, stage.width - 150)}px, ${y > stage.height - 180 ? y - 172 : y + 12}px)`;
  if (stage.card.dataset.id === String(id)) return;
  stage.card.dataset.id = String(id);
  stage.card.replaceChildren(h("span", {class: "picture"}), h("span", {class: "caption"}, stage.about.classes[stage.data.classes[point]] ?? ""));
  want([id]).then(() => {
    const item = known(id);
    if (item && stage.card.dataset.id === String(id)) stage.card.firstElementChild?.replaceChildren(h("img", {src: item.thumb, alt: ""}));
  }).catch(() => { /* the name alone */ });
  drawn("map-hover", {id});
}
