// Draws rich_text blocks. Their nodes have types, so their text is never read as markup.

import { directory } from "./directory.js";
import { h } from "./dom.js";
import { drawEmoji } from "./emoji.js";
import { drawDate, drawLink, drawMention, drawUser } from "./mrkdwn.js";

const STYLES = [
  ["code", "code"],
  ["bold", "strong"],
  ["italic", "em"],
  ["strike", "s"],
  ["underline", "u"],
];

export function drawRichText(block) {
  return h("div", { class: "rich-text" }, (block.elements ?? []).map(drawPart));
}

function drawPart(part) {
  const inside = () => (part.elements ?? []).map(drawLeaf);
  if (part.type === "rich_text_section") return h("div", { class: "rich-section" }, inside());
  if (part.type === "rich_text_quote") return h("blockquote", { class: "quote" }, inside());
  if (part.type === "rich_text_preformatted") return h("pre", { class: "code-block" }, inside());
  if (part.type === "rich_text_list") {
    const tag = part.style === "ordered" ? "ol" : "ul";
    const items = (part.elements ?? []).map((item) =>
      h("li", {}, (item.elements ?? []).map(drawLeaf)),
    );
    return h(
      tag,
      {
        class: `rich-list indent-${Math.min(part.indent ?? 0, 4)}`,
        start: part.offset ? part.offset + 1 : null,
      },
      items,
    );
  }
  return h("div", { class: "rich-section" }, `[${part.type}]`);
}

function drawLeaf(leaf) {
  return STYLES.reduce(
    (node, [style, tag]) => (leaf.style?.[style] ? h(tag, { class: tag }, node) : node),
    drawBare(leaf),
  );
}

function drawBare(leaf) {
  if (leaf.type === "text") return document.createTextNode(leaf.text ?? "");
  if (leaf.type === "link") return drawLink(leaf.url ?? "", leaf.text ?? leaf.url);
  if (leaf.type === "emoji")
    return drawEmoji(leaf.name) ?? document.createTextNode(`:${leaf.name}:`);
  if (leaf.type === "user") return drawUser(leaf.user_id);
  if (leaf.type === "channel") return drawMention(`#${directory.channelName(leaf.channel_id)}`);
  if (leaf.type === "usergroup") return drawMention("@group");
  if (leaf.type === "broadcast") return drawMention(`@${leaf.range}`, true);
  if (leaf.type === "date")
    return drawDate(leaf.timestamp, leaf.format ?? "", leaf.fallback ?? "", leaf.url);
  return document.createTextNode(leaf.text ?? `[${leaf.type}]`);
}
