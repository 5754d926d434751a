/**
 * The plots of the last minutes, each a path or two in SVG, whose colours are the style sheet's.
 *
 * @module
 */
import { make, mark, say } from "./elements.js";
import { bytesHeight, countHeight } from "./scales.js";
import { countInWords, lagInWords, rateInWords } from "./words.js";

/** @typedef {import("../shapes.ts").Sample} Sample */

/** What is kept and shown, and how wide the plots' own scale is. */
const SECONDS = 300;

/** After such a gap a line begins anew: nothing is known of the time between. */
const GAP_MS = 3500;

/**
 * @typedef {object} Kind
 * @property {string} id
 * @property {string} title
 * @property {readonly { value: (sample: Sample) => number, words: (sample: Sample) => string }[]} lines the first with what is below it filled, the second dashed
 * @property {(most: number) => number} height
 * @property {(value: number) => string} label
 */

/** @type {readonly Kind[]} */
const KINDS = [
  {
    id: "tunnels",
    title: "Tunnels",
    lines: [{
      value: ({ tunnels }) => tunnels,
      words: ({ tunnels, opened }) =>
        `${countInWords(tunnels)} open, ${countInWords(opened)} opened a second`,
    }],
    height: (most) => countHeight(most),
    label: countInWords,
  },
  {
    id: "bytes",
    title: "Bytes",
    lines: [
      { value: ({ down }) => down, words: ({ down }) => `${rateInWords(down)} to clients` },
      { value: ({ up }) => up, words: ({ up }) => `${rateInWords(up)} to backends` },
    ],
    height: bytesHeight,
    label: (bytes) => withoutZeros(rateInWords(bytes)),
  },
  {
    id: "refusals",
    title: "Refusals",
    lines: [{
      value: ({ refused }) => refused,
      words: ({ refused }) => refused === 0 ? "none" : `${countInWords(refused)} a second`,
    }],
    height: (most) => countHeight(most),
    label: (count) => `${countInWords(count)}/s`,
  },
  {
    id: "lag",
    title: "Event loop",
    lines: [{
      value: ({ lagMs }) => lagMs,
      words: ({ lagMs }) => `late by up to ${lagInWords(lagMs)}`,
    }],
    height: (most) => countHeight(most, 10),
    label: (ms) =>
      ms >= 1000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Number(ms.toFixed(1))} ms`,
  },
];

/** `1.50 MiB/s` as `1.5 MiB/s`. @param {string} words */
function withoutZeros(words) {
  return words.replace(/\.(\d*?)0+ /, (_, digits) => digits === "" ? " " : `.${digits} `);
}

const SVG = "http://www.w3.org/2000/svg";

/** Puts empty plots in a section; gives what shows samples in them. @param {HTMLElement} section @param {HTMLTemplateElement} template */
export function createPlots(section, template) {
  const plots = KINDS.map((kind) => createPlot(kind, section, template));
  /** @type {Sample[]} */
  let samples = [];
  return {
    /** Adds those that are new, in their order. Where the clock was set back they are all there is. @param {readonly Sample[]} more */
    add(more) {
      const last = samples.at(-1)?.time ?? 0;
      const isBack = (more.at(-1)?.time ?? last) < last;
      const joined = isBack ? more : [...samples, ...more.filter(({ time }) => time > last)];
      const now = joined.at(-1)?.time ?? 0;
      samples = joined.filter(({ time }) => now - time <= SECONDS * 1000);
      for (const plot of plots) plot(samples, now);
    },
  };
}

/** @param {Kind} kind @param {HTMLElement} section @param {HTMLTemplateElement} template @returns {(samples: readonly Sample[], time: number) => void} */
function createPlot({ id, title, lines, height, label }, section, template) {
  const copy = /** @type {DocumentFragment} */ (document.importNode(template.content, true));
  const find = (
    /** @type {string} */ selector,
  ) => /** @type {Element} */ (copy.querySelector(selector));
  const [figure, graph, svg, now] = [".plot", ".graph", "svg", ".now"].map(find);
  const [top, half] = [find(".top"), find(".half")];
  if (!figure || !graph || !svg || !now) throw new Error("the template of plots is another one");
  figure.id = `plot-${id}`;
  say(find("h2"), title);
  const peak = lines.length === 1 ? make("span") : null;
  if (lines.length > 1) figure.classList.add("two");
  const drawn = lines.map(({ value, words }, at) => {
    const area = at === 0 ? svg.appendChild(document.createElementNS(SVG, "path")) : null;
    area?.setAttribute("class", "area");
    const line = svg.appendChild(document.createElementNS(SVG, "path"));
    line.setAttribute("class", at === 0 ? "line" : "line second");
    return { value, words, area, line, current: now.appendChild(make("span")) };
  });
  if (peak !== null) now.append(peak);
  section.append(copy);
  return (samples, time) => {
    const most = Math.max(
      0,
      ...samples.flatMap((sample) => lines.map(({ value }) => value(sample))),
    );
    const full = height(most);
    say(/** @type {Element} */ (top), label(full));
    say(/** @type {Element} */ (half), label(full / 2));
    if (peak !== null && samples.length > 0) say(peak, `at most ${label(most)}`);
    const last = samples.at(-1);
    for (const { value, words, area, line, current } of drawn) {
      const strokes = strokesOf(samples, time, (sample) => 100 - value(sample) / full * 100);
      mark(line, "d", strokes.map((stroke) => `M${stroke.join("L")}`).join(""));
      if (area !== null) mark(area, "d", strokes.map(filled).join(""));
      if (last !== undefined) say(current, words(last));
    }
    const words = drawn.map(({ current }) => current.textContent).join(", ");
    mark(
      graph,
      "aria-label",
      `${title} over the last 5 minutes, at most ${label(most)}; now ${words}`,
    );
  };
}

/** Points of a line as `x y`, a new line after each gap. @param {readonly Sample[]} samples @param {number} now @param {(sample: Sample) => number} y */
function strokesOf(samples, now, y) {
  /** @type {string[][]} */
  const strokes = [];
  let before = -Infinity;
  for (const sample of samples) {
    if (sample.time - before > GAP_MS) strokes.push([]);
    before = sample.time;
    const x = SECONDS - (now - sample.time) / 1000;
    strokes.at(-1)?.push(`${x.toFixed(1)} ${y(sample).toFixed(2)}`);
  }
  // A line of a single point would not be seen.
  return strokes.map((stroke) => stroke.length > 1 ? stroke : [...stroke, ...stroke]);
}

/** The area between a line and the ground. @param {readonly string[]} stroke */
function filled(stroke) {
  const [left] = (stroke[0] ?? "0").split(" ");
  const [right] = (stroke.at(-1) ?? "0").split(" ");
  return `M${left} 100L${stroke.join("L")}L${right} 100Z`;
}
