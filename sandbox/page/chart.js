// Draws data_visualization blocks: a bar with its figure for each point, whatever their type.

import { h } from "./dom.js";

export function drawChart(block) {
  const series = block.chart.series ?? [{ name: "", data: block.chart.segments ?? [] }];
  const most = Math.max(1, ...series.flatMap((one) => one.data.map((point) => point.value)));
  return h(
    "figure",
    { class: "chart" },
    h("figcaption", { class: "label" }, block.title),
    series.map((one) => [
      series.length > 1 ? h("div", { class: "hint" }, one.name) : null,
      one.data.map((point) => drawPoint(point, most)),
    ]),
  );
}

function drawPoint({ label, value }, most) {
  return h(
    "div",
    { class: "chart-point" },
    h("span", {}, label),
    h("meter", { max: most, value, "aria-hidden": "true" }),
    h("span", {}, value.toLocaleString("en")),
  );
}
