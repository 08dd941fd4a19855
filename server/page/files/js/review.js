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
 * @property {(entry: Entry) => [string, string][]} choices value and words, the first for key 1
 */

/** @param {Entry} entry @returns {[string, string][]} */
const classes = (entry) => [[entry.given ?? "", `${entry.given || "no class"} is right`], [entry.suggested ?? "", `${entry.suggested || "no class"} is right`]];

/** @type {Queue[]} */
const queues = [
  {name: "duplicates", title: "Near-duplicates", about: "Two files that may be the same photograph.", kind: "duplicate", choices: () => [["same", "The same photograph"], ["different", "Two photographs"]]},
  {name: "labels", title: "Likely wrong labels", about: "Photographs that lie among those of another class.", kind: "label", choices: classes},
  {name: "odd", title: "Odd ones", about: "Photographs that nothing is near.", kind: "odd", choices: () => [["fine", "Belongs here"], ["odd", "Does not belong here"]]},
  {name: "confusions", title: "Confusions", about: "Pairs of two classes that the model holds for one.", kind: "confusion", choices: classes},
  {name: "leaks", title: "Leaks", about: "The same photograph on both sides of a split.", kind: "leak", choices: () => [["leak", "The same: a leak"], ["fine", "Two photographs"]]},
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
      const told = /** @type {{total: number, undecided: number, entries: Entry[]}} */ (
        await json(`/v1/review/${this.queue.name}`, {params: {offset: this.entries.length, limit: page}, signal: this.signal}));
      this.total = told.total;
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
      this.body.replaceChildren(...(this.total > 0 ? [progress] : []), h("p", {class: "empty"}, this.total === 0 ? "Nothing in this queue." : "All decided."),
        this.done.length > 0 ? h("button", {type: "button", onclick: () => this.undo()}, "Undo (u)") : "");
      announce(this.total === 0 ? "Nothing in this queue." : "All decided.");
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
      h("div", {class: "buttons choices"}, buttons, h("span", {class: "steps"}, h("button", {type: "button", class: "plain", disabled: this.at === 0, "aria-label": "Back", onclick: () => this.step(-1)}, "←"),
        h("span", {class: "soft"}, `${(this.at + 1).toLocaleString("en")} of ${this.total.toLocaleString("en")}`), h("button", {type: "button", class: "plain", "aria-label": "On", onclick: () => this.step(1)}, "→"),
        h("button", {type: "button", class: "plain", disabled: this.done.length === 0, onclick: () => this.undo()}, "Undo (u)"))));
    announce(`${this.at + 1} of ${this.total}. ${items.map((item) => item.class || "without a class").join(" and ")}. ${reason(entry)} ${choices.map(([, words], i) => `${i + 1}: ${words}`).join(", ")}`);
    drawn("review", {total: this.total, at: this.at, undecided: this.undecided});
  }

  /** @param {string} value */
  async decide(value) {
    const entry = this.entries[this.at];
    if (!entry || this.busy || this.cannot) return;
    this.busy = true;
    try {
      await decide(this.queue.kind, entry.a, entry.b, value);
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
      await decide(this.queue.kind, entry.a, entry.b, "");
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
  if (entry.given && entry.suggested && entry.given !== entry.suggested) parts.push(`Labelled ${entry.given}; it looks like ${entry.suggested}.`);
  if (entry.probability !== null) parts.push(`Probability ${figure(entry.probability)}.`);
  else if (entry.score !== null) parts.push(`Similarity ${figure(entry.score)}.`);
  return parts.join(" ");
}
