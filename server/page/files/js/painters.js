// What draws the points: WebGL2, or Canvas2D where there is none or it is lost. One draw for each change, no loop.

/** @typedef {import("./mapdata.js").MapData} MapData */

/** @typedef {{x: number, y: number, scale: number, width: number, height: number, ratio: number, size: number}} Frame centre in units, scale in CSS px per unit, point size in CSS px */

/**
 * @typedef {object} Painter
 * @property {string} name
 * @property {(colours: Uint8Array) => void} colour RGBA of each point
 * @property {(frame: Frame) => void} draw
 */

const vertex = `#version 300 es
in vec2 place; in vec4 colour;
uniform vec2 centre, stretch; uniform float size;
out vec4 tint;
void main() {
  gl_Position = vec4((place - centre) * stretch, 0, 1);
  gl_PointSize = size;
  tint = colour;
}`;
const fragment = `#version 300 es
precision mediump float;
in vec4 tint; out vec4 pixel;
void main() {
  float edge = length(gl_PointCoord - .5) * 2.;
  float cover = 1. - smoothstep(.75, 1., edge);
  if (cover <= 0.) discard;
  pixel = vec4(tint.rgb, 1) * (tint.a * cover);
}`;

/**
 * @param {HTMLCanvasElement} canvas @param {MapData} data
 * @returns {Painter | null} null where WebGL2 is not to be had
 */
export function webgl(canvas, data) {
  const gl = canvas.getContext("webgl2", {antialias: false, powerPreference: "high-performance"});
  if (!gl) return null;
  const program = gl.createProgram();
  for (const [type, source] of /** @type {[number, string][]} */ ([[gl.VERTEX_SHADER, vertex], [gl.FRAGMENT_SHADER, fragment]])) {
    const shader = gl.createShader(type);
    if (!shader) return null;
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
  }
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS)) return null;
  gl.useProgram(program);
  const places = new Uint16Array(2 * data.n);
  for (let i = 0; i < data.n; i++) { places[2 * i] = data.x[i]; places[2 * i + 1] = data.y[i]; }
  /** @param {string} name @param {number} size @param {number} type @param {ArrayBufferView | null} values @param {boolean} normal */
  const column = (name, size, type, values, normal) => {
    const buffer = gl.createBuffer();
    gl.bindBuffer(gl.ARRAY_BUFFER, buffer);
    if (values) gl.bufferData(gl.ARRAY_BUFFER, values, gl.STATIC_DRAW);
    const at = gl.getAttribLocation(program, name);
    gl.enableVertexAttribArray(at);
    gl.vertexAttribPointer(at, size, type, normal, 0, 0);
    return buffer;
  };
  column("place", 2, gl.UNSIGNED_SHORT, places, false);
  const colours = column("colour", 4, gl.UNSIGNED_BYTE, null, true);
  gl.enable(gl.BLEND);
  gl.blendFunc(gl.ONE, gl.ONE_MINUS_SRC_ALPHA);
  const centre = gl.getUniformLocation(program, "centre"), stretch = gl.getUniformLocation(program, "stretch"), size = gl.getUniformLocation(program, "size");
  return {
    name: "WebGL2",
    colour(values) {
      gl.bindBuffer(gl.ARRAY_BUFFER, colours);
      gl.bufferData(gl.ARRAY_BUFFER, values, gl.DYNAMIC_DRAW);
    },
    draw(frame) {
      gl.viewport(0, 0, canvas.width, canvas.height);
      gl.clearColor(0, 0, 0, 0);
      gl.clear(gl.COLOR_BUFFER_BIT);
      gl.uniform2f(centre, frame.x, frame.y);
      gl.uniform2f(stretch, 2 * frame.scale / frame.width, -2 * frame.scale / frame.height);
      gl.uniform1f(size, Math.max(1.5, frame.size * frame.ratio));
      gl.drawArrays(gl.POINTS, 0, data.n);
    },
  };
}

/**
 * @param {HTMLCanvasElement} canvas @param {MapData} data
 * @returns {Painter}
 */
export function canvas2d(canvas, data) {
  const context = canvas.getContext("2d");
  if (!context) throw new Error("This browser can draw no map. The list holds what it would show.");
  let inks = new Uint32Array(data.n);
  return {
    name: "Canvas2D",
    colour(values) { inks = Uint32Array.from(new Uint32Array(values.buffer)); },
    draw(frame) {
      const {width, height} = canvas;
      const image = context.createImageData(width, height);
      const pixels = new Uint32Array(image.data.buffer);
      const zoom = frame.scale * frame.ratio, side = Math.max(1, Math.round(frame.size * frame.ratio * 0.85));
      const dx = width / 2 - frame.x * zoom - side / 2, dy = height / 2 - frame.y * zoom - side / 2;
      for (let i = 0; i < data.n; i++) {
        const left = Math.round(data.x[i] * zoom + dx), top = Math.round(data.y[i] * zoom + dy);
        if (left < 0 || top < 0 || left + side > width || top + side > height) continue;
        for (let row = 0, at = top * width + left; row < side; row++, at += width) pixels.fill(inks[i], at, at + side);
      }
      context.putImageData(image, 0, 0);
    },
  };
}

/**
 * A colour per class: hues by the golden angle at one lightness, so that none stands out. Classes without a name are grey.
 * @param {number} n @param {boolean} dark
 * @returns {Uint8Array} RGB each
 */
export function palette(n, dark) {
  const all = new Uint8Array(3 * n);
  for (let i = 0; i < n; i++) all.set(oklch(dark ? 0.74 : 0.6, 0.125, i * 137.508), 3 * i);
  return all;
}

/** @param {number} l @param {number} c @param {number} degrees */
function oklch(l, c, degrees) {
  const a = c * Math.cos(degrees * Math.PI / 180), b = c * Math.sin(degrees * Math.PI / 180);
  const [x, y, z] = [(l + 0.3963377774 * a + 0.2158037573 * b) ** 3, (l - 0.1055613458 * a - 0.0638541728 * b) ** 3, (l - 0.0894841775 * a - 1.291485548 * b) ** 3];
  return [4.0767416621 * x - 3.3077115913 * y + 0.2309699292 * z, -1.2684380046 * x + 2.6097574011 * y - 0.3413193965 * z, -0.0041960863 * x - 0.7034186147 * y + 1.707614701 * z]
    .map((v) => Math.round(255 * Math.min(1, Math.max(0, v <= 0.0031308 ? 12.92 * v : 1.055 * v ** (1 / 2.4) - 0.055))));
}
