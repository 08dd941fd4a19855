// Choosing the part of a photograph that counts, with the mouse, a finger or the arrow keys.

import {h} from "./dom.js";

const least = 0.05; // of a side

/**
 * @param {string} url @param {string} [before] "x,y,w,h" as fractions
 * @returns {Promise<string | null>} "x,y,w,h", or null where it was given up
 */
export function crop(url, before) {
  let [x, y, w, hh] = before ? before.split(",").map(Number) : [0.1, 0.1, 0.8, 0.8];
  const frame = h("div", {class: "frame", tabindex: 0, role: "group", "aria-roledescription": "crop frame"}, h("span", {class: "corner"}));
  const stage = h("div", {class: "stage"}, h("img", {src: url, alt: "The photograph to crop", draggable: "false"}), frame);
  const place = () => {
    Object.assign(frame.style, {left: x * 100 + "%", top: y * 100 + "%", width: w * 100 + "%", height: hh * 100 + "%"});
    const percent = (/** @type {number} */ value) => Math.round(value * 100);
    frame.setAttribute("aria-label", `From ${percent(x)} % across and ${percent(y)} % down, ${percent(w)} % wide, ${percent(hh)} % high`);
  };
  /** @param {number} value @param {number} low @param {number} high */
  const within = (value, low, high) => Math.max(low, Math.min(high, value));
  frame.addEventListener("keydown", (event) => {
    const step = {ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1]}[event.key];
    if (!step) return;
    event.preventDefault();
    const [dx, dy] = [step[0] * 0.02, step[1] * 0.02];
    if (event.shiftKey) [w, hh] = [within(w + dx, least, 1 - x), within(hh + dy, least, 1 - y)];
    else [x, y] = [within(x + dx, 0, 1 - w), within(y + dy, 0, 1 - hh)];
    place();
  });
  stage.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    const box = stage.getBoundingClientRect();
    const at = (/** @type {PointerEvent} */ e) => [within((e.clientX - box.left) / box.width, 0, 1), within((e.clientY - box.top) / box.height, 0, 1)];
    const [fromX, fromY] = at(event);
    const target = /** @type {Element} */ (event.target);
    const held = {x, y};
    const drag = (/** @type {PointerEvent} */ e) => {
      const [toX, toY] = at(e);
      if (target.closest(".corner")) [w, hh] = [within(toX - x, least, 1 - x), within(toY - y, least, 1 - y)];
      else if (target.closest(".frame")) [x, y] = [within(held.x + toX - fromX, 0, 1 - w), within(held.y + toY - fromY, 0, 1 - hh)];
      else {
        [w, hh] = [within(Math.abs(toX - fromX), least, 1), within(Math.abs(toY - fromY), least, 1)];
        [x, y] = [within(Math.min(fromX, toX), 0, 1 - w), within(Math.min(fromY, toY), 0, 1 - hh)];
      }
      place();
    };
    stage.setPointerCapture(event.pointerId);
    stage.addEventListener("pointermove", drag);
    stage.addEventListener("pointerup", () => stage.removeEventListener("pointermove", drag), {once: true});
  });
  place();
  return new Promise((resolve) => {
    /** @param {string | null} value */
    const end = (value) => { resolve(value); dialog.close(); };
    const text = () => [x, y, w, hh].map((value) => Number(value.toFixed(4))).join(",");
    const dialog = h("dialog", {class: "crop", "aria-label": "Crop", onclose: () => { resolve(null); dialog.remove(); }},
      h("p", {class: "soft"}, "Draw a frame round what counts. Arrows move it, with Shift they size it."), stage,
      h("div", {class: "buttons"}, h("button", {type: "button", class: "main", onclick: () => end(text())}, "Search by this part"),
        h("button", {type: "button", onclick: () => end("0,0,1,1")}, "Whole photograph"), h("button", {type: "button", onclick: () => end(null)}, "Cancel")));
    document.body.append(dialog);
    dialog.showModal();
    frame.focus();
  });
}
