// Curves as SVG: a chart for each column, a line for each run; the table behind each chart for those who do not see it.

import {h, svg} from "./dom.js";

/** @typedef {{name: string, columns: Record<string, (number | null)[]>}} Table */

const width = 420, height = 190, left = 46, right = 8, top = 10, bottom = 24;
const most = 400; // points of a line; of more, every so many are drawn

/** @param {Table[]} tables @returns {HTMLElement[]} */
export function curves(tables) {
  const names = new Set(tables.flatMap((one) => Object.keys(one.columns)));
  for (const other of ["step", "phase", "time", "seconds", "epoch"]) names.delete(other);
  return [...names].filter((name) => tables.some((one) => (one.columns[name] ?? []).filter((v) => typeof v === "number").length > 1)).map((name) => chart(name, tables));
}

/** @param {Table} table @param {string} name @returns {[number, number][]} */
function points(table, name) {
  const steps = table.columns["step"] ?? [], values = table.columns[name] ?? [];
  /** @type {[number, number][]} */
  const all = [];
  values.forEach((value, i) => { if (typeof value === "number" && Number.isFinite(value)) all.push([steps[i] ?? i, value]); });
  const every = Math.ceil(all.length / most);
  return every < 2 ? all : all.filter((_, i) => i % every === 0 || i === all.length - 1);
}

/** @param {string} name @param {Table[]} tables */
function chart(name, tables) {
  const lines = tables.map((one) => points(one, name));
  const all = lines.flat();
  const [x0, x1] = [Math.min(...all.map(([x]) => x)), Math.max(...all.map(([x]) => x))];
  const [low, high] = [Math.min(...all.map(([, y]) => y)), Math.max(...all.map(([, y]) => y))];
  const ticks = round(low, high === low ? low + 1 : high);
  const [y0, y1] = [ticks[0], ticks[ticks.length - 1]];
  const px = (/** @type {number} */ x) => left + (x - x0) / Math.max(1, x1 - x0) * (width - left - right);
  const py = (/** @type {number} */ y) => height - bottom - (y - y0) / (y1 - y0) * (height - top - bottom);
  const picture = svg("svg", {viewBox: `0 0 ${width} ${height}`, class: "chart", role: "img", "aria-label": `${name}: ${tables.map((one, i) => `${one.name} ${said(lines[i])}`).join("; ")}`});
  for (const tick of ticks) {
    picture.append(svg("line", {x1: left, x2: width - right, y1: py(tick), y2: py(tick), class: "rule"}), svg("text", {x: left - 6, y: py(tick) + 4, class: "y"}, short(tick)));
  }
  picture.append(svg("text", {x: left, y: height - 6, class: "x"}, short(x0)), svg("text", {x: width - right, y: height - 6, class: "y"}, short(x1)));
  lines.forEach((line, i) => { if (line.length > 0) picture.append(svg("polyline", {points: line.map(([x, y]) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`).join(" "), class: `line line-${Math.min(i, 4)}`})); });
  return h("figure", {class: "chart-box"}, h("figcaption", null, h("strong", null, name), h("span", {class: "key soft"}, lines.length < 2 ? said(lines[0]) : tables.map((one, i) => h("span", null, h("i", {class: `line-${Math.min(i, 4)}`}), one.name)))), picture);
}

/** @param {[number, number][]} line */
function said(line) {
  const last = line.at(-1);
  return last ? `${short(last[1])} at step ${last[0].toLocaleString("en")}` : "nothing yet";
}

/** @param {number} value */
function short(value) {
  if (value !== 0 && Math.abs(value) < 0.001) return value.toExponential(0);
  return Number(value.toPrecision(3)).toLocaleString("en", {maximumFractionDigits: 4});
}

/** Round marks round a range. @param {number} low @param {number} high */
function round(low, high) {
  const rough = (high - low) / 3, power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= rough) ?? rough;
  const ticks = [];
  for (let tick = Math.floor(low / step) * step; tick < high + step * 0.999; tick += step) ticks.push(Number(tick.toPrecision(12)));
  return ticks;
}
