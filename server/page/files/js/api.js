// Asking the service: JSON in and out, problems (RFC 9457) as errors, and the token that whatever writes needs.

/** @typedef {import("./types.js").Info} Info */

/** An answer that is a problem, or none at all (status 0). */
export class Problem extends Error {
  /** @param {number} status @param {string} title @param {string} detail */
  constructor(status, title, detail) {
    super(detail || title);
    this.status = status;
    this.title = title;
  }
}

/**
 * @typedef {object} Ask
 * @property {"GET" | "POST"} [method]
 * @property {Record<string, string | number | null | undefined>} [params] those that are empty are left out
 * @property {unknown} [json]
 * @property {FormData} [form]
 * @property {boolean} [write] send the token
 * @property {AbortSignal} [signal]
 */

/**
 * @param {string} path
 * @param {Ask} ask
 * @returns {Promise<Response>}
 */
async function request(path, ask) {
  /** @type {Record<string, string>} */
  const headers = {};
  /** @type {BodyInit | undefined} */
  let body = ask.form;
  if (ask.json !== undefined) {
    headers["Content-Type"] = "application/json";
    body = JSON.stringify(ask.json);
  }
  const held = token();
  if (ask.write && held) headers["Authorization"] = "Bearer " + held;
  let answer;
  try {
    answer = await fetch(path + search(ask.params), {method: ask.method ?? (body === undefined ? "GET" : "POST"), headers, body, signal: ask.signal});
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Problem(0, "The service does not answer", "The service does not answer. Is `dvml serve` still running?");
  }
  if (answer.ok) return answer;
  let told = /** @type {{title?: string, detail?: string}} */ ({});
  try { told = await answer.json(); } catch { /* an answer without a body */ }
  throw new Problem(answer.status, told.title ?? answer.statusText, told.detail ?? told.title ?? `The service answered ${answer.status}.`);
}

/** @param {Record<string, string | number | null | undefined> | undefined} params */
function search(params) {
  const set = new URLSearchParams();
  for (const [name, value] of Object.entries(params ?? {})) if (value !== null && value !== undefined && value !== "") set.set(name, String(value));
  const text = set.toString();
  return text ? "?" + text : "";
}

/**
 * @template T
 * @param {string} path
 * @param {Ask} [ask]
 * @returns {Promise<T>}
 */
export async function json(path, ask = {}) {
  const text = await (await request(path, ask)).text();
  return JSON.parse(text || "null");
}

/**
 * @param {string} path
 * @param {Ask} [ask]
 */
export async function bytes(path, ask = {}) {
  return (await request(path, ask)).arrayBuffer();
}

/** @param {string} path */
export async function blob(path) {
  return (await request(path, {})).blob();
}

/** @type {Promise<Info> | null} */
let known = null;

/** What the service holds, asked for once until it changes (forgetInfo). */
export function info() {
  known ??= /** @type {Promise<Info>} */ (json("/v1/info")).catch((error) => { known = null; throw error; });
  return known;
}

export function forgetInfo() { known = null; }

/** @type {Promise<Record<string, unknown>> | null} */
let routes = null;

/**
 * Whether the service has a route, by its own description; a page shows only what its service can do.
 * @param {string} path as /openapi.json writes it
 */
export async function offers(path) {
  routes ??= json("/openapi.json").then((/** @type {{paths: Record<string, unknown>}} */ told) => told.paths).catch(() => ({}));
  const all = await routes;
  return Object.keys(all).length === 0 || path in all;
}

const tokenKey = "dvml-token";

/** Takes the token out of the address (`#token=…`), where `dvml serve` prints it, and keeps it as long as the tab. */
export function keepToken() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return;
  sessionStorage.setItem(tokenKey, decodeURIComponent(found[1]));
  history.replaceState(history.state, "", location.pathname + location.search);
}

function token() { return sessionStorage.getItem(tokenKey); }

/**
 * Whether decisions can be written, and if not, why.
 * @param {Info} info
 * @returns {string} empty when they can
 */
export function whyReadOnly(info) {
  if (info.read_only) return "This service is read-only: decisions are not kept.";
  if (info.token_needed && !token()) return "Open the address that `dvml serve` printed, with its #token, to keep decisions.";
  return "";
}

/**
 * Keeps a decision by the content's hash; an empty value undoes it.
 * @param {import("./types.js").DecisionKind} kind
 * @param {import("./types.js").Item} a
 * @param {import("./types.js").Item | null} b
 * @param {string} value
 */
export async function decide(kind, a, b, value) {
  await json("/v1/decisions", {json: {kind, a: a.hash, b: b?.hash, value}, write: true});
}
