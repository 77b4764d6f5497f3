// Draws the messages of a list: author, time, blocks, replies and menu.

import { drawBlock } from "./blocks.js";
import { openMenu } from "./dialog.js";
import { avatar, h, icon, reconcile } from "./dom.js";
import { drawMrkdwn } from "./mrkdwn.js";
import { clock, dayName, fromTs, full, shortTime } from "./time.js";

const TOGETHER = 5 * 60; // seconds; messages of one person this close together share one name

/**
 * Draw a list of messages into `place`. `context` is { surface(message), shortcuts, runShortcut,
 * openThread, dismiss, replies(message), inThread }.
 */
export function drawMessages(place, messages, context) {
  const rows = [];
  let before = null;
  for (const message of messages) {
    const day = dayName(fromTs(message.ts));
    if (!context.inThread && day !== before?.day) rows.push({ divider: day });
    if (context.inThread && before && rows.length === 1) rows.push({ count: messages.length - 1 });
    const close =
      before &&
      rows.at(-1).message &&
      before.day === day &&
      Number(message.ts) - Number(before.message.ts) < TOGETHER;
    const same =
      close &&
      before.message.user === message.user &&
      before.message.name === message.name &&
      before.message.ephemeral === message.ephemeral &&
      !before.message.deleted;
    const replies = context.inThread ? [] : context.replies(message);
    rows.push({
      message,
      under: Boolean(same),
      replies: replies.length,
      last: replies.at(-1)?.ts ?? null,
    });
    before = { day, message };
  }
  reconcile(place, rows, {
    key: (row) => (row.message ? row.message.ts : row.divider ? `day ${row.divider}` : "count"),
    signature: (row) => JSON.stringify(row),
    draw: (row) =>
      row.message
        ? drawMessage(row, context)
        : row.divider
          ? drawDay(row.divider)
          : drawCount(row.count),
  });
}

function drawDay(day) {
  return h("div", { class: "day" }, h("span", {}, day));
}

function drawCount(count) {
  return h("div", { class: "thread-count" }, count === 1 ? "1 reply" : `${count} replies`);
}

/** Draw a deleted message with replies: Slack keeps its place and its thread. */
function drawDeleted({ message, replies, last }, context) {
  return h(
    "article",
    { class: "message message-deleted", "data-ts": message.ts, "aria-label": "Deleted message" },
    h("div", { class: "message-side" }, icon("cross")),
    h(
      "div",
      { class: "message-body" },
      h("div", { class: "text" }, message.text),
      replies ? drawReplies(message, replies, last, context) : null,
    ),
  );
}

function drawMessage(row, context) {
  const { message, under, replies, last } = row;
  if (message.deleted) return drawDeleted(row, context);
  const time = fromTs(message.ts);
  const name = message.name ?? message.user;
  const stamp = h(
    "time",
    { class: "stamp", datetime: time.toISOString(), title: full(time) },
    clock(time),
  );
  return h(
    "article",
    {
      class: `message${under ? " message-under" : ""}${message.ephemeral ? " message-ephemeral" : ""}`,
      "data-ts": message.ts,
      "aria-label": `${name}, ${clock(time)}`,
    },
    h(
      "div",
      { class: "message-side" },
      under ? stamp : avatar(name, message.is_bot ? "bot" : "person"),
    ),
    h(
      "div",
      { class: "message-body" },
      message.ephemeral
        ? h("div", { class: "only-you" }, icon("eye"), "Only visible to you")
        : null,
      message.broadcast && !context.inThread
        ? h("div", { class: "only-you" }, icon("reply"), "Also sent to the channel from a thread")
        : null,
      under
        ? null
        : h(
            "div",
            { class: "message-head" },
            h("strong", { class: "message-name" }, name),
            message.is_bot ? h("span", { class: "app-badge" }, "APP") : null,
            stamp,
          ),
      drawContent(message, context),
      message.ephemeral
        ? h(
            "button",
            { type: "button", class: "link-button", on: { click: () => context.dismiss(message) } },
            "Dismiss message",
          )
        : null,
      replies ? drawReplies(message, replies, last, context) : null,
    ),
    message.ephemeral ? null : drawTools(message, context),
  );
}

function drawContent(message, context) {
  if (message.blocks?.length) {
    const surface = context.surface(message);
    return h(
      "div",
      { class: "blocks" },
      message.blocks.map((block) => drawBlock(block, surface)),
    );
  }
  const edited =
    message.edited && !message.is_bot ? h("span", { class: "edited" }, " (edited)") : null;
  return h(
    "div",
    { class: "text" },
    message.mrkdwn === false ? message.text : drawMrkdwn(message.text ?? ""),
    edited,
  );
}

function drawReplies(message, count, last, context) {
  return h(
    "button",
    { type: "button", class: "replies", on: { click: () => context.openThread(message.ts) } },
    h("span", { class: "replies-count" }, count === 1 ? "1 reply" : `${count} replies`),
    h("span", { class: "replies-last" }, `Last reply ${shortTime(fromTs(last))}`),
  );
}

function drawTools(message, context) {
  const more = h(
    "button",
    {
      type: "button",
      class: "icon-button",
      title: "More actions",
      "aria-label": "More actions",
      "aria-haspopup": "menu",
      "aria-expanded": "false",
    },
    icon("more"),
  );
  more.addEventListener("click", () => {
    const items = context.shortcuts.map((shortcut) => ({
      label: shortcut.name,
      hint: shortcut.app ?? null,
      run: () => context.runShortcut(shortcut, message),
    }));
    openMenu(
      more,
      "More actions",
      items.length ? items : [{ label: "No shortcuts", disabled: true, run: () => {} }],
    );
  });
  return h(
    "div",
    { class: "tools", role: "group", "aria-label": "Message actions" },
    context.inThread
      ? null
      : h(
          "button",
          {
            type: "button",
            class: "icon-button",
            title: "Reply in thread",
            "aria-label": "Reply in thread",
            on: { click: () => context.openThread(message.ts, true) },
          },
          icon("reply"),
        ),
    more,
  );
}
