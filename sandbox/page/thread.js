// The thread pane: a message, its replies, and a box to reply. Text typed here stays in Slack.

import { makeComposer } from "./composer.js";
import { h, icon } from "./dom.js";
import { isAtEnd, keepAtEnd } from "./keep_at_end.js";
import { drawMessages } from "./messages.js";

/** Create the pane; `send(text)` posts a reply, and the cross and Esc call `close()`. */
export function makeThread({ send, close, context }) {
  const list = h("div", { class: "messages", role: "log", "aria-label": "Thread", tabindex: "0" });
  keepAtEnd(list);
  const where = h("span", { class: "thread-where" });
  const composer = makeComposer({ label: "Reply…", send });
  const node = h(
    "section",
    { class: "thread", "aria-label": "Thread", hidden: true },
    h(
      "header",
      { class: "pane-head" },
      h("h2", {}, "Thread"),
      where,
      h(
        "button",
        {
          type: "button",
          class: "icon-button",
          "aria-label": "Close thread",
          on: { click: close },
        },
        icon("close"),
      ),
    ),
    list,
    composer.node,
  );
  node.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
  let shown = null;

  return {
    node,
    composer,
    /** Show the thread of `ts`, given all messages of a channel; null hides the pane. */
    show(ts, messages, channelName) {
      const parent = ts && messages.find((message) => message.ts === ts);
      node.hidden = !ts;
      if (!ts) {
        shown = null;
        return;
      }
      where.textContent = channelName;
      const all = messages.filter((message) => message.ts === ts || message.thread_ts === ts);
      const atEnd = shown !== ts || isAtEnd(list);
      if (shown !== ts) list.replaceChildren();
      drawMessages(list, all, { ...context(), inThread: true });
      if (!parent)
        list.prepend(
          h(
            "div",
            { class: "empty", "data-key": "gone", "data-print": "" },
            "The first message of this thread is gone.",
          ),
        );
      if (atEnd) list.scrollTop = list.scrollHeight;
      shown = ts;
    },
  };
}
