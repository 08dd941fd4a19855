// The shapes of the service's answers (see /openapi.json), for the type checker and the reader.

/** @typedef {{path: string, class: string | null, root: string, gone: boolean, modified: string}} Place */

/**
 * @typedef {object} Item
 * @property {number} id
 * @property {string} hash of the content
 * @property {string} path
 * @property {string | null} class
 * @property {Place[]} places where the same content lies
 * @property {number} width
 * @property {number} height
 * @property {number} bytes
 * @property {string} added
 * @property {string} thumb URL
 */

/** @typedef {"same" | "likely" | "perhaps"} Word */

/** @typedef {{item: Item, score: number, distance: number, probability: number | null, word?: Word | null}} Hit */

/** @typedef {{known: boolean | null, verdict: string, hits: Hit[], searched: number, took_ms: number}} Found */

/** @typedef {{items: number, mean_score: number, min_score: number, rank_of_item: number}} Spread */

/** @typedef {Item & {neighbours: Hit[], class_spread: Spread | null, original: string}} Photograph */

/** @typedef {{done: number, total: number, failed: number, rate: number, eta_s: number | null, phase: string}} Indexing */

/**
 * @typedef {object} Info
 * @property {string} version
 * @property {{folder_name: string, items: number, failed: number, version: number | string, classes_count: number, has_graph: boolean, has_map: boolean, calibrated: boolean}} index
 * @property {{name: string, fingerprint: string, dim: number, size: number, trained_on: number} | null} model
 * @property {Indexing | null} indexing
 * @property {boolean} read_only
 * @property {boolean} token_needed
 * @property {string[]} models
 */

/** @typedef {{a: Item, b: Item | null, given: string | null, suggested: string | null, score: number | null, probability: number | null, decision: string | null, key: string}} Entry */

/** @typedef {"duplicate" | "label" | "odd" | "confusion" | "leak" | "pair"} DecisionKind */

/** @typedef {{name: string, steps: number, done: boolean}} Run */

/** @typedef {{n: number, classes: string[], trust: number | null, labels: {x: number, y: number, text: string}[], in_progress: {done: number, total: number} | null}} MapInfo */

export {};
