// The channel's pane: its head, and below it the messages and the composer, or the Home tab.

import { drawHead } from "./channel_head.js";
import { add, fill, h } from "./dom.js";
import { isAtEnd, keepAtEnd } from "./keep_at_end.js";
import { drawMessages } from "./messages.js";

export class ChannelPane {
  /** `below` are the nodes below the messages, `composer` is among them; `home` is the Home tab. */
  constructor({ below, composer, home }) {
    Object.assign(this, { composer, home });
    this.drawn = null; // the id of the channel whose messages are drawn
    this.head = h("header", { class: "pane-head" });
    this.list = h("div", {
      class: "messages",
      role: "log",
      "aria-label": "Messages",
      tabindex: "0",
    });
    keepAtEnd(this.list);
    this.talk = add(h("div", { class: "talk" }, this.list), below);
    const label = { class: "channel", "aria-label": "Channel" };
    this.node = h("section", label, this.head, this.talk, home.node);
  }

  /** Draw a channel; `head` is what drawHead needs, `empty()` draws what fills an empty list. */
  draw({ head, messages, context, empty }) {
    const { channel, title, tab } = head;
    drawHead(this.head, head);
    this.home.node.hidden = tab !== "home";
    this.talk.hidden = tab === "home";
    const words = channel.is_archived ? "This channel is archived" : `Message ${title}`;
    this.composer.relabel(words, channel.is_archived);
    this.drawList(channel.id, messages, context, empty);
  }

  drawList(id, messages, context, empty) {
    const { list } = this;
    const another = this.drawn !== id;
    const atEnd = another || isAtEnd(list);
    if (another) list.replaceChildren();
    drawMessages(list, messages, context);
    if (!messages.length) fill(list, empty());
    if (atEnd) list.scrollTop = list.scrollHeight;
    this.drawn = id;
  }
}
