// What a channel without messages says.

import { h } from "./dom.js";

export function drawNothingYet() {
  return h("div", { class: "empty" }, "No messages yet.");
}

export function drawWelcome(shortcut) {
  return h(
    "div",
    { class: "welcome" },
    h("h3", {}, "An agent writes to a customer first"),
    h(
      "p",
      {},
      "You are the agent here, in Slack. The other side shows what the customer sees. ",
      "The guide at the top takes you through the first message.",
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
