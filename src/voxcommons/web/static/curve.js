// How a voice grew: the error on what was kept back, test by test, and the step that was kept. Drawn, and told in words.

import { element, t } from "./page.js";

const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 320, HEIGHT = 120, EDGE = 8;

function shape(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

export function curve(course) {
  const points = course.points;
  if (points.length < 2) return null;
  const best = points.find((point) => point.step === course.best_step) ?? points.at(-1);
  const words = t("growth.words", {
    what: course.what, steps: points.at(-1).step, best: best.step, before: points[0].held_out.toFixed(3), after: best.held_out.toFixed(3),
  });
  const values = points.flatMap((point) => [point.held_out, point.learnt]).filter((value) => value !== null);
  const low = Math.min(...values), high = Math.max(...values), last = points.at(-1).step || 1;
  const x = (step) => EDGE + (step / last) * (WIDTH - 2 * EDGE);
  const y = (value) => HEIGHT - EDGE - ((value - low) / (high - low || 1)) * (HEIGHT - 2 * EDGE);
  const line = (name) => points.filter((point) => point[name] !== null).map((point) => `${x(point.step).toFixed(1)},${y(point[name]).toFixed(1)}`).join(" ");
  const picture = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": words });
  picture.append(
    shape("line", { x1: x(best.step), x2: x(best.step), y1: EDGE, y2: HEIGHT - EDGE, class: "best" }),
    shape("polyline", { points: line("learnt"), class: "learnt" }),
    shape("polyline", { points: line("held_out"), class: "held-out" }),
    shape("circle", { cx: x(best.step), cy: y(best.held_out), r: 4, class: "kept" }),
  );
  return element("div", {}, picture, element("p", { class: "hint" }, words));
}
