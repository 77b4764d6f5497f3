// The rules to try: each entry switches person and channel and writes the command, and says what
// the bot should do. `{command}` stands for the bot's command.

import { h } from "./dom.js";

const ADA = "U0ADA";
const LEO = "U0LEO";
const SUPPORT = "C0SUPPORT";

export const TRIES = [
  {
    title: "As a guest",
    user: "U0GUS",
    channel: SUPPORT,
    text: "{command} jane@example.com Your order is ready",
    expect: "You are Gus, a guest. Press Enter: the bot refuses guests, and only Gus sees it.",
  },
  {
    title: "In a shared channel",
    user: ADA,
    channel: "C0ACME",
    text: "{command} jane@example.com Your order is ready",
    expect: "People of another company read this channel. Press Enter: the bot refuses.",
  },
  {
    title: "A link to approve",
    user: ADA,
    channel: SUPPORT,
    text: "{command} jane@example.com Please pay here: https://pay.example.net/7",
    expect: "Press Enter, then Send. The message waits: become Leo Lead and approve it.",
  },
  {
    title: "Quiet hours",
    user: ADA,
    channel: SUPPORT,
    text: "{command} +81300000123 Your order is ready",
    expect: "Yuki has quiet hours now. Press Enter: the form offers the next allowed time.",
  },
  {
    title: "Too many messages",
    user: ADA,
    channel: SUPPORT,
    text: "{command} tara@example.com This is step 1",
    expect: "Send Tara five different messages. The sixth is refused unless Leo overrides it.",
  },
  {
    title: "Do not contact",
    user: ADA,
    channel: SUPPORT,
    text: "{command} opt-out nora@example.com asked us to stop",
    expect: "Press Enter, then try to message Nora. Only Leo can undo it, with opt-in.",
  },
  {
    title: "Pause everything",
    user: LEO,
    channel: SUPPORT,
    text: "{command} pause checking the prices",
    expect: "You are Leo, a lead. Press Enter, and nothing is sent until you resume.",
  },
  {
    title: "Resume",
    user: LEO,
    channel: SUPPORT,
    text: "{command} resume",
    expect: "Press Enter: what waited during the pause goes on.",
  },
];

/** Draw the list, which is folded at first; `attempt(one)` sets up an entry. */
export function drawTries(attempt) {
  return h(
    "details",
    { class: "tries" },
    h("summary", { class: "rooms-title" }, "Try the rules"),
    TRIES.map((one) =>
      h(
        "button",
        { type: "button", class: "room", title: one.expect, on: { click: () => attempt(one) } },
        h("span", { class: "room-name" }, one.title),
      ),
    ),
  );
}
