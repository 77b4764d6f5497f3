// Draws Block Kit blocks from the JSON that the bot sends to Slack.

import { drawChart } from "./chart.js";
import { h, icon } from "./dom.js";
import { drawElement, drawImage } from "./elements.js";
import { drawMrkdwn, drawText } from "./mrkdwn.js";
import { drawRichText } from "./richtext.js";

/** Draw one block on a surface (see elements.js). */
export function drawBlock(block, surface) {
  const kind = KINDS[block.type];
  if (!kind)
    return h("div", { class: "not-drawn" }, `This stand-in does not draw “${block.type}” blocks.`);
  return h(
    "div",
    { class: `block block-${block.type}`, "data-block": block.block_id },
    kind(block, surface),
  );
}

function drawSection(block, surface) {
  return [
    h(
      "div",
      { class: "section-words" },
      block.text ? h("div", { class: "text" }, drawText(block.text)) : null,
      block.fields
        ? h(
            "div",
            { class: "section-fields" },
            block.fields.map((field) => h("div", { class: "text" }, drawText(field))),
          )
        : null,
    ),
    block.accessory
      ? h("div", { class: "accessory" }, drawElement(block.accessory, block, surface, null))
      : null,
  ];
}

function drawInput(block, surface) {
  const id = `input-${crypto.randomUUID()}`;
  const ids = [`${id}-error`];
  if (block.hint) ids.push(`${id}-hint`);
  return [
    h(
      "div",
      { class: "label", id: `${id}-label` },
      drawText(block.label),
      block.optional ? h("span", { class: "optional" }, " (optional)") : null,
    ),
    drawElement(block.element, block, surface, { id: `${id}-label`, describedBy: ids.join(" ") }),
    h("div", { class: "field-error", id: `${id}-error`, role: "alert" }),
    block.hint ? h("div", { class: "hint", id: `${id}-hint` }, drawText(block.hint)) : null,
  ];
}

/** Show an error under an input block, or remove it. */
export function setError(node, text) {
  const place = node.querySelector(":scope > .field-error");
  if (!place || place.dataset.text === (text ?? "")) return;
  place.dataset.text = text ?? "";
  place.replaceChildren(...(text ? [icon("warning"), document.createTextNode(text)] : []));
  node.classList.toggle("has-error", Boolean(text));
  for (const field of node.querySelectorAll("input, textarea, select")) {
    if (text) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

const KINDS = {
  header: (block) => h("h3", { class: "header-block" }, drawText(block.text)),
  section: drawSection,
  context: (block) =>
    (block.elements ?? []).map((part) =>
      part.type === "image" ? drawImage(part) : h("span", { class: "text" }, drawText(part)),
    ),
  divider: () => h("hr", {}),
  actions: (block, surface) =>
    (block.elements ?? []).map((part) => drawElement(part, block, surface, null)),
  input: drawInput,
  rich_text: (block) => drawRichText(block),
  data_visualization: drawChart,
  image: (block) => [
    block.title ? h("div", { class: "label" }, drawText(block.title)) : null,
    drawImage(block),
  ],
  markdown: (block) => h("div", { class: "text" }, block.text),
  alert: (block) =>
    h(
      "div",
      { class: `alert alert-${block.level ?? "default"}`, role: "note" },
      icon(
        block.level === "success"
          ? "ok"
          : block.level === "error" || block.level === "warning"
            ? "warning"
            : "info",
      ),
      h(
        "div",
        { class: "text" },
        typeof block.text === "string" ? drawMrkdwn(block.text) : drawText(block.text),
      ),
    ),
};
