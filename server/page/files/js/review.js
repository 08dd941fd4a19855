// Review: queues of what may be wrong, two keys each, undo, and the way from the decisions to a better model.

import {decide, info, json, whyReadOnly} from "./api.js";
import {announce, drawn, h, isTyping, roving} from "./dom.js";
import {fileName} from "./items.js";
import {figure} from "./tile.js";
import {trainCommand} from "./training.js";

/** @typedef {import("./types.js").Entry} Entry */

/**
 * @typedef {object} Queue
 * @property {string} name in addresses
 * @property {string} title
 * @property {string} about
 * @property {import("./types.js").DecisionKind} kind
 * @property {boolean} [two] what is decided is about both photographs of an entry
 * @property {string} [none] why it may be empty
 * @property {(entry: Entry) => [string, string][]} choices value and words, the first for key 1
 */

/** @param {Entry} entry @returns {[string, string][]} */
const classes = (entry) => [[entry.given ?? "", `${entry.given || "no class"} is right`], [entry.suggested ?? "", `${entry.suggested || "no class"} is right`]];

/** @type {Queue[]} */
const queues = [
  {name: "duplicates", title: "Near-duplicates", about: "Two files that may be the same photograph.", kind: "duplicate", two: true, choices: () => [["same", "The same photograph"], ["different", "Two photographs"]]},
  {name: "labels", title: "Likely wrong labels", about: "Photographs that lie among those of another class.", kind: "label", choices: classes},
  {name: "odd", title: "Odd ones", about: "Photographs that are far from the others of their class.", kind: "odd", choices: () => [["fine", "Belongs here"], ["odd", "Does not belong here"]]},
  {name: "confusions", title: "Confusions", about: "Photographs that the model takes for another class, each beside one of that class.", kind: "confusion", choices: classes},
  {name: "leaks", title: "Leaks", about: "The same photograph on both sides of a split.", kind: "leak", two: true, choices: () => [["leak", "The same: a leak"], ["fine", "Two photographs"]]},
];

const page = 50; // entries in one request

/** @param {import("./router.js").Context} context */
export async function open(context) {
  const {root, names, signal} = context;
  const queue = queues.find((one) => one.name === (names[0] || "duplicates")) ?? queues[0];
  const list = h("ul", {class: "queues"}, queues.map((one) => h("li", null, h("a", {href: `/review/${one.name}`, "aria-current": one === queue ? "page" : null}, one.title))));
  roving(list, "a");
  const body = h("section", {class: "desk", "aria-label": queue.title});
  root.append(h("div", {class: "head"}, h("div", null, h("h1", null, "Review"), h("p", {class: "told"}, queue.about)), trainCommand()), h("nav", {"aria-label": "Queues"}, list), body);
  const cannot = whyReadOnly(await info());
  const desk = new Desk(queue, body, cannot, signal);
  await desk.load();
}

class Desk {
  /** @param {Queue} queue @param {HTMLElement} body @param {string} cannot why nothing can be decided @param {AbortSignal} signal */
  constructor(queue, body, cannot, signal) {
    this.queue = queue;
    this.body = body;
    this.cannot = cannot;
    this.signal = signal;
    this.total = 0;
    /** @type {string[] | null} */
    this.sides = null;
    this.undecided = 0;
    this.at = 0;
    /** @type {Entry[]} */
    this.entries = [];
    /** @type {number[]} places of decisions, the last one last */
    this.done = [];
    this.busy = false;
    addEventListener("keydown", (event) => this.key(event), {signal});
  }

  /** Gets entries up to beyond the one that is shown; at first, up to the first that is not decided. */
  async load() {
    const begin = this.entries.length === 0;
    while (this.at >= this.entries.length && (this.entries.length === 0 || this.entries.length < this.total)) {
      const told = /** @type {{total: number, undecided: number, entries: Entry[], sides: string[] | null}} */ (
        await json(`/v1/review/${this.queue.name}`, {params: {offset: this.entries.length, limit: page}, signal: this.signal}));
      this.total = told.total;
      this.sides = told.sides;
      if (this.entries.length === 0) this.undecided = told.undecided;
      if (told.entries.length === 0) break;
      this.entries.push(...told.entries);
      while (begin && this.entries[this.at] && this.entries[this.at].decision !== null) this.at++;
    }
    this.show();
  }

  show() {
    const entry = this.entries[this.at];
    const decided = this.total - this.undecided;
    const progress = h("div", {class: "queue-progress"}, h("progress", {value: decided, max: Math.max(1, this.total), "aria-label": "Decided"}),
      h("span", {class: "soft"}, `${decided.toLocaleString("en")} of ${this.total.toLocaleString("en")} decided`), h("a", {class: "soft", href: "/v1/decisions.csv", download: "decisions.csv"}, "All decisions as CSV"));
    if (this.total === 0 || !entry) {
      this.body.replaceChildren(...(this.total > 0 ? [progress] : []), h("p", {class: "empty"}, this.nothing()),
        this.done.length > 0 ? h("button", {type: "button", onclick: () => this.undo()}, "Undo (u)") : "");
      announce(this.nothing());
      drawn("review", {total: this.total, at: this.at, undecided: this.undecided});
      return;
    }
    const choices = this.queue.choices(entry);
    const buttons = choices.map(([value, words], i) => h("button", {
      type: "button", class: "choice", "aria-keyshortcuts": String(i + 1), "aria-pressed": String(entry.decision === value), disabled: this.cannot !== "", onclick: () => this.decide(value),
    }, h("kbd", null, String(i + 1)), " ", words));
    const items = [entry.a, ...(entry.b ? [entry.b] : [])];
    this.body.replaceChildren(progress, this.cannot ? h("p", {class: "notice"}, this.cannot) : "",
      h("div", {class: items.length > 1 ? "pair" : "pair single"}, items.map((item) => h("figure", null, h("a", {href: `/photograph/${item.id}`}, h("img", {src: `/v1/original/${item.id}`, alt: item.class || fileName(item.path) || `no. ${item.id}`,
        onerror: (/** @type {Event} */ event) => { const image = /** @type {HTMLImageElement} */ (event.target); if (!image.src.endsWith(item.thumb)) image.src = item.thumb; }})),
      h("figcaption", null, h("strong", null, item.class || "without a class"), h("span", {class: "path soft"}, item.path))))),
      h("p", {class: "soft reason"}, reason(entry)),
      items.length > 1 ? "" : this.nearest(entry.a),
      h("div", {class: "buttons choices"}, buttons, h("span", {class: "steps"}, h("button", {type: "button", class: "plain", disabled: this.at === 0, "aria-label": "Back", onclick: () => this.step(-1)}, "←"),
        h("span", {class: "soft"}, `${(this.at + 1).toLocaleString("en")} of ${this.total.toLocaleString("en")}`), h("button", {type: "button", class: "plain", "aria-label": "On", onclick: () => this.step(1)}, "→"),
        h("button", {type: "button", class: "plain", disabled: this.done.length === 0, onclick: () => this.undo()}, "Undo (u)"))));
    announce(`${this.at + 1} of ${this.total}. ${items.map((item) => item.class || "without a class").join(" and ")}. ${reason(entry)} ${choices.map(([, words], i) => `${i + 1}: ${words}`).join(", ")}`);
    drawn("review", {total: this.total, at: this.at, undecided: this.undecided});
  }

  /** What is nearest to a photograph, with its classes, to decide by. @param {import("./types.js").Item} item */
  nearest(item) {
    const list = h("ul", {class: "neighbourhood", "aria-label": "Nearest photographs"});
    json(`/v1/items/${item.id}`, {signal: this.signal}).then((/** @type {import("./types.js").Photograph} */ one) => {
      list.replaceChildren(...one.neighbours.slice(0, 8).map(({item}) => h("li", null, h("a", {href: `/photograph/${item.id}`},
        h("img", {src: item.thumb, alt: "", width: item.width, height: item.height}), h("span", null, item.class || "without a class")))));
    }).catch(() => { /* the photograph is decided on without */ });
    return list;
  }

  /** Why there is nothing to show. */
  nothing() {
    if (this.total > 0) return "All decided.";
    if (this.queue.name === "leaks" && !this.sides) return "There is no split to look across: no folder is named like a part of one, as train and test are.";
    return "Nothing in this queue.";
  }

  /** @param {string} value */
  async decide(value) {
    const entry = this.entries[this.at];
    if (!entry || this.busy || this.cannot) return;
    this.busy = true;
    try {
      await decide(this.queue.kind, entry.a, this.queue.two ? entry.b : null, value);
      if (entry.decision === null) this.undecided--;
      entry.decision = value;
      this.done.push(this.at);
      this.at++;
      await this.load();
    } catch (error) {
      announce(error instanceof Error ? error.message : String(error));
    } finally {
      this.busy = false;
    }
  }

  async undo() {
    const at = this.done.at(-1);
    if (at === undefined || this.busy) return;
    this.busy = true;
    try {
      const entry = this.entries[at];
      await decide(this.queue.kind, entry.a, this.queue.two ? entry.b : null, "");
      this.done.pop();
      entry.decision = null;
      this.undecided++;
      this.at = at;
      this.show();
    } catch (error) {
      announce(error instanceof Error ? error.message : String(error));
    } finally {
      this.busy = false;
    }
  }

  /** @param {number} by */
  step(by) {
    this.at = Math.max(0, Math.min(this.total, this.at + by));
    this.load().catch((error) => announce(String(error.message ?? error)));
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    if (event.defaultPrevented || isTyping(event) || event.target instanceof Element && event.target.closest("nav")) return;
    const entry = this.entries[this.at];
    const choice = entry ? this.queue.choices(entry)[Number(event.key) - 1] : undefined;
    if (choice) this.decide(choice[0]);
    else if (event.key === "u") this.undo();
    else if (event.key === "ArrowRight") this.step(1);
    else if (event.key === "ArrowLeft") this.step(-1);
    else return;
    event.preventDefault();
  }
}

/** @param {Entry} entry */
function reason(entry) {
  const parts = [];
  if (entry.given && entry.suggested && entry.given !== entry.suggested) {
    parts.push(`Labelled ${entry.given}; its neighbours say ${entry.suggested}${entry.score === null ? "" : `, by ${Math.round(100 * entry.score)} % of their votes`}.`);
  } else if (entry.probability !== null) parts.push(`Probability ${figure(entry.probability)}.`);
  else if (entry.score !== null) parts.push(`Similarity ${figure(entry.score)}.`);
  return parts.join(" ");
}
