// Converts Slack's mrkdwn to nodes: *bold* _italic_ ~strike~ `code` ```block``` > quote, <links>,
// mentions and dates. Everything else stays text. Only http, https, mailto and tel become links.

import { directory } from "./directory.js";
import { h } from "./dom.js";
import { withEmoji } from "./emoji.js";
import { formatDate } from "./time.js";

const OPENED = /^(https?:\/\/|mailto:|tel:)/i;
const decode = (text) =>
  text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Draw a text object ({type, text, emoji?, verbatim?}) of either type. */
export function drawText(text) {
  if (!text) return [];
  if (text.type === "mrkdwn")
    return drawMrkdwn(text.text ?? "", { verbatim: text.verbatim === true });
  return text.emoji === false ? [text.text ?? ""] : withEmoji(text.text ?? "");
}

/** Draw a mrkdwn string; with `verbatim`, bare addresses and @here stay plain text. */
export function drawMrkdwn(source, { verbatim = false } = {}) {
  const nodes = [];
  source.split("```").forEach((part, index, all) => {
    if (index % 2 === 1 && index < all.length - 1) {
      nodes.push(h("pre", { class: "code-block" }, decode(part.replace(/^\n|\n$/g, ""))));
    } else {
      nodes.push(...lines(index % 2 === 1 ? "```" + part : part, verbatim));
    }
  });
  return nodes;
}

function lines(text, verbatim) {
  const nodes = [];
  let quote = null;
  text.split("\n").forEach((line, index) => {
    const quoted = line.match(/^(?:&gt;|>) ?(.*)$/);
    if (quoted) {
      if (quote) quote.append("\n");
      else nodes.push((quote = h("blockquote", { class: "quote" })));
      quote.append(...inline(quoted[1], verbatim));
      return;
    }
    if (index > 0 && !quote) nodes.push("\n");
    quote = null;
    nodes.push(...inline(line, verbatim));
  });
  return nodes;
}

const STYLED = (mark) =>
  `(?<![\\w${mark}])${mark}(?![\\s${mark}])([^${mark}]*[^\\s${mark}])${mark}(?![\\w${mark}])`;
const TOKEN = new RegExp(
  [
    "`([^`]+)`",
    "<([^<>]+)>",
    STYLED("\\*"),
    STYLED("_"),
    STYLED("~"),
    "(https?:\\/\\/[^\\s<>|]+)",
    "(?<!\\w)@(here|channel|everyone)\\b",
  ].join("|"),
  "g",
);

function inline(text, verbatim) {
  const nodes = [];
  let from = 0;
  const plain = (piece) => nodes.push(...withEmoji(decode(piece)));
  for (const match of text.matchAll(TOKEN)) {
    const [whole, code, angle, bold, italic, strike, url, broadcast] = match;
    if (verbatim && (url !== undefined || broadcast !== undefined)) continue;
    plain(text.slice(from, match.index));
    from = match.index + whole.length;
    if (code !== undefined) nodes.push(h("code", { class: "code" }, decode(code)));
    else if (angle !== undefined) nodes.push(special(angle));
    else if (bold !== undefined) nodes.push(h("strong", {}, inline(bold, verbatim)));
    else if (italic !== undefined) nodes.push(h("em", {}, inline(italic, verbatim)));
    else if (strike !== undefined) nodes.push(h("s", {}, inline(strike, verbatim)));
    else if (url !== undefined) nodes.push(drawLink(decode(url), decode(url)));
    else nodes.push(drawMention(`@${broadcast}`, true));
  }
  plain(text.slice(from));
  return nodes;
}

function special(inside) {
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? null : decode(inside.slice(bar + 1));
  if (target.startsWith("@")) return drawUser(target.slice(1));
  if (target.startsWith("#"))
    return drawMention(
      `#${directory.channels.has(target.slice(1)) ? directory.channelName(target.slice(1)) : label || "channel"}`,
    );
  if (target.startsWith("!date^")) {
    const [, seconds, format, link] = target.split("^");
    return drawDate(seconds, decode(format ?? ""), label ?? "", link);
  }
  if (target.startsWith("!subteam^")) return drawMention(label ?? "@group");
  if (target.startsWith("!")) return drawMention(`@${target.slice(1)}`, true);
  if (!OPENED.test(decode(target))) return decode(`<${inside}>`);
  return drawLink(decode(target), label ?? decode(target).replace(/^(mailto|tel):/, ""));
}

/** Draw a link, or plain text if we don't open this kind of address. */
export function drawLink(url, label) {
  if (!OPENED.test(url)) return document.createTextNode(label || url);
  const open = (event) => {
    if (opensHere(url)) event.preventDefault();
  };
  return h(
    "a",
    { href: url, target: "_blank", rel: "noopener noreferrer", title: url, on: { click: open } },
    label || url,
  );
}

/** Open a link as a click on it would. */
export function openLink(url) {
  if (OPENED.test(url) && !opensHere(url)) window.open(url, "_blank", "noopener,noreferrer");
}

/** Show the message of a permalink; return false if it isn't a permalink of this workspace. */
function opensHere(url) {
  const message = url.match(/\/archives\/([A-Z0-9]+)\/p(\d{10})(\d{6})/);
  return message !== null && directory.openMessage(message[1], `${message[2]}.${message[3]}`);
}

export function drawUser(id) {
  return drawMention(`@${directory.userName(id)}`, id === directory.me);
}

export function drawMention(text, loud = false) {
  return h("span", { class: loud ? "mention mention-me" : "mention" }, text);
}

export function drawDate(seconds, format, fallback, link = undefined) {
  const text = formatDate(seconds, format, fallback);
  if (link) return drawLink(link, text);
  return h(
    "time",
    { title: fallback, datetime: new Date(Number(seconds) * 1000 || 0).toISOString() },
    text,
  );
}
