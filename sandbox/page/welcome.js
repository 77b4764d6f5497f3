// What the page explains: what comes next, and what each channel is for.

import { h } from "./dom.js";

export function drawNothingYet() {
  return h("div", { class: "empty" }, "No messages yet.");
}

export function drawWelcome(shortcut) {
  return h(
    "div",
    { class: "welcome" },
    h("h3", {}, "An agent writes to a customer first"),
    h("p", {}, "You are the agent on the left. On the right you see what the customer sees."),
    h(
      "ol",
      {},
      h(
        "li",
        {},
        "Type the command below and press Enter. A window opens and looks the customer up.",
      ),
      h("li", {}, "Read what Genesys Cloud knows about this customer, then press Send."),
      h("li", {}, "See the message arrive on the right, and its history in the thread here."),
      h(
        "li",
        {},
        "Send the customer away with the switch, let them answer, or try another customer: each one is a different case.",
      ),
    ),
    shortcut
      ? h(
          "p",
          { class: "welcome-more" },
          "Another way in: write a message that names a customer, point at it, and choose ",
          h("strong", {}, `More actions, ${shortcut}`),
          ".",
        )
      : null,
  );
}

/** Return a line about the bot in a channel. */
export function aboutChannel(channel) {
  if (channel.is_im) return "Messages between you and the bot";
  if (channel.is_archived) return "Archived: nobody can post here";
  if (channel.is_ext_shared) return "Shared with Acme: people of another organisation are here";
  if (channel.posting_restricted) return "Announcements: the bot may not post here";
  if (channel.bot_is_member) return "The bot is a member of this channel";
  if (channel.is_private) return "Private: the bot was not invited and cannot see this channel";
  return "Public: the bot was not invited to this channel";
}
