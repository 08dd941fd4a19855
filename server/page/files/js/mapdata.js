// The map's columns as the service sends them, and questions about points: which is nearest, which lie in a frame or a polygon.

/**
 * @typedef {object} MapData
 * @property {number} n
 * @property {Uint32Array} ids
 * @property {Uint16Array} x 0 to 65535, to the right
 * @property {Uint16Array} y 0 to 65535, downwards
 * @property {Uint16Array} classes index into the names; 65535: none
 * @property {Uint8Array} trust 0 to 255: how many true neighbours the place keeps
 */

const side = 256; // cells along each side of the index of places
export const units = 65536;

/**
 * Reads "DVM1", version, flags, n, reserved, then columns, all little-endian.
 * @param {ArrayBuffer} raw
 * @returns {MapData}
 */
export function parse(raw) {
  const head = new DataView(raw);
  if (raw.byteLength < 16 || head.getUint32(0) !== 0x44564d31) throw new Error("The map is not in a form that this page knows.");
  const version = head.getUint16(4, true);
  if (version !== 1) throw new Error(`The map has version ${version}; this page knows version 1.`);
  const n = head.getUint32(8, true);
  if (raw.byteLength < 16 + 11 * n) throw new Error("The map was cut short.");
  const at = (/** @type {number} */ bytes) => 16 + bytes * n;
  return {
    n, ids: new Uint32Array(raw, at(0), n), x: new Uint16Array(raw, at(4), n), y: new Uint16Array(raw, at(6), n), classes: new Uint16Array(raw, at(8), n), trust: new Uint8Array(raw, at(10), n),
  };
}

/** Points by cell, so that the nearest is found within a frame. */
export class Places {
  /** @param {MapData} data */
  constructor(data) {
    this.data = data;
    this.starts = new Uint32Array(side * side + 1);
    this.points = new Uint32Array(data.n);
    for (let i = 0; i < data.n; i++) this.starts[this.cell(i) + 1]++;
    for (let c = 0; c < side * side; c++) this.starts[c + 1] += this.starts[c];
    const next = this.starts.slice(0, -1);
    for (let i = 0; i < data.n; i++) this.points[next[this.cell(i)]++] = i;
  }

  /** @param {number} i */
  cell(i) { return (this.data.y[i] >> 8) * side + (this.data.x[i] >> 8); }

  /**
   * Calls visit for each point whose cell touches the frame, in units.
   * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1 @param {(point: number) => void} visit
   */
  near(x0, y0, x1, y1, visit) {
    const low = (/** @type {number} */ v) => Math.max(0, Math.min(side - 1, Math.floor(v / 256)));
    for (let row = low(y0); row <= low(y1); row++) {
      const from = this.starts[row * side + low(x0)], to = this.starts[row * side + low(x1) + 1];
      for (let at = from; at < to; at++) visit(this.points[at]);
    }
  }

  /**
   * The nearest point within a radius, or -1.
   * @param {number} x @param {number} y @param {number} radius
   */
  nearest(x, y, radius) {
    let found = -1, best = radius * radius;
    this.near(x - radius, y - radius, x + radius, y + radius, (i) => {
      const d = (this.data.x[i] - x) ** 2 + (this.data.y[i] - y) ** 2;
      if (d <= best) { best = d; found = i; }
    });
    return found;
  }

  /**
   * The points in a frame.
   * @param {number} x0 @param {number} y0 @param {number} x1 @param {number} y1
   */
  within(x0, y0, x1, y1) {
    /** @type {number[]} */
    const found = [];
    const {x, y} = this.data;
    this.near(x0, y0, x1, y1, (i) => { if (x[i] >= x0 && x[i] <= x1 && y[i] >= y0 && y[i] <= y1) found.push(i); });
    return found;
  }

  /**
   * The points in a polygon, by the even-odd rule.
   * @param {[number, number][]} polygon in units
   */
  inside(polygon) {
    const xs = polygon.map(([x]) => x), ys = polygon.map(([, y]) => y);
    return this.within(Math.min(...xs), Math.min(...ys), Math.max(...xs), Math.max(...ys)).filter((i) => {
      const px = this.data.x[i], py = this.data.y[i];
      let inside = false;
      for (let a = 0, b = polygon.length - 1; a < polygon.length; b = a++) {
        const [ax, ay] = polygon[a], [bx, by] = polygon[b];
        if (ay > py !== by > py && px < (bx - ax) * (py - ay) / (by - ay) + ax) inside = !inside;
      }
      return inside;
    });
  }
}
