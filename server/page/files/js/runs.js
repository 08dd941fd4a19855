// Runs: the curves of a run while it trains, beside others.

import {json} from "./api.js";
import {curves} from "./chart.js";
import {announce, count, drawn, h} from "./dom.js";
import {failed, go} from "./router.js";

/** @typedef {import("./types.js").Run} Run */
/** @typedef {Record<string, (number | null)[]>} Columns */

const often = 2000; // ms between looks at a run that trains

/** @param {import("./router.js").Context} context */
export async function open(context) {
  const {root, names, query, signal} = context;
  const {runs} = /** @type {{runs: Run[]}} */ (await json("/v1/runs", {signal}));
  root.append(h("h1", null, "Runs"));
  if (runs.length === 0) {
    root.append(h("section", {class: "text"}, h("p", null, "No runs are shown. Start the service with the folder that holds them:"), h("pre", {tabindex: 0}, "dvml serve INDEX --runs FOLDER")));
    drawn("runs", {runs: 0});
    return;
  }
  const main = names[0] ? decodeURIComponent(names[0]) : runs[0].name;
  const beside = query.getAll("with").filter((name) => name !== main);
  root.append(chooser(runs, main, beside));
  const charts = h("div", {class: "charts"});
  const state = h("p", {class: "told", role: "status"});
  root.append(state, charts);
  const shown = [main, ...beside];
  let told = "";
  for (let first = true; !signal.aborted; first = false) {
    try {
      const list = first ? runs : /** @type {{runs: Run[]}} */ (await json("/v1/runs", {signal})).runs;
      const tables = await Promise.all(shown.map((name) => json(`/v1/runs/${encodeURIComponent(name)}/metrics`, {signal})));
      const run = list.find((one) => one.name === main);
      state.textContent = run ? `${main}: ${count(run.steps, "step")}${run.done ? ", done" : ", training"}` : main;
      const now = state.textContent + tables.map((one) => one.columns?.step?.length).join();
      if (now !== told) {
        const all = tables.map((/** @type {{columns: Columns}} */ one, i) => ({name: shown[i], columns: one.columns}));
        charts.replaceChildren(...curves(all));
        drawn("runs", {runs: runs.length, charts: charts.childElementCount, steps: run?.steps ?? 0});
        if (first) announce(`${count(charts.childElementCount, "chart")} of ${main}.`);
        told = now;
      }
      if (shown.every((name) => list.find((one) => one.name === name)?.done)) return;
    } catch (error) {
      if (!signal.aborted) failed(root, error);
      return;
    }
    await new Promise((done) => setTimeout(done, often));
  }
}

/** @param {Run[]} runs @param {string} main @param {string[]} beside */
function chooser(runs, main, beside) {
  /** @param {string} name @param {string[]} others */
  const address = (name, others) => `/runs/${encodeURIComponent(name)}` + (others.length > 0 ? "?" + new URLSearchParams(others.map((one) => ["with", one])) : "");
  return h("ul", {class: "runs"}, runs.map((run) => {
    const other = beside.includes(run.name);
    const box = h("input", {type: "checkbox", checked: other, disabled: run.name === main, "aria-label": `Show ${run.name} beside ${main}`, onchange: () =>
      go(address(main, other ? beside.filter((name) => name !== run.name) : [...beside, run.name]))});
    return h("li", null, box, h("a", {href: address(run.name, beside.filter((name) => name !== run.name)), "aria-current": run.name === main ? "page" : null}, run.name),
      h("span", {class: "soft"}, `${run.steps.toLocaleString("en")} steps${run.done ? "" : ", training"}`));
  }));
}
