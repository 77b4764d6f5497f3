// The rules to try: each entry switches person, channel and customer and writes the command, and
// says what the bot should do. `{command}` stands for the bot's command. `next` is the step after
// it, which a button offers: another person in the same channel.

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
    title: "As an outsider",
    user: "U0PIA",
    channel: "C0ACME",
    text: "{command} jane@example.com Your order is ready",
    expect: "You are Pia of another company. Press Enter: the command isn't there for her.",
  },
  {
    title: "In a shared channel",
    user: ADA,
    channel: "C0ACME",
    text: "{command} jane@example.com Your order is ready",
    expect: "People of another company read this channel. Press Enter: the bot refuses.",
  },
  {
    title: "The same text again",
    user: ADA,
    channel: SUPPORT,
    text: "{command} jane@example.com Your order is ready",
    expect: "Send it, then start again here: the second one is refused, with a link to the first.",
  },
  {
    title: "A secret in the text",
    user: ADA,
    channel: SUPPORT,
    text: "{command} jane@example.com Your key is AKIAIOSFODNN7EXAMPLE",
    expect: "Press Enter: the form finds the access key, and Send is refused.",
  },
  {
    title: "A link to approve",
    user: ADA,
    channel: SUPPORT,
    text: "{command} jane@example.com Please pay here: https://pay.example.net/7",
    expect: "Press Enter, then Send. The message waits until a lead approves it.",
    next: { user: LEO, does: "Become Leo", expect: "You are Leo. Press Approve on the card." },
  },
  {
    title: "Quiet hours",
    user: ADA,
    channel: SUPPORT,
    text: "{command} +81300000123 Your order is ready",
    expect: "Yuki has quiet hours now. Press Enter: the form offers the next allowed time.",
  },
  {
    title: "Override a rule",
    user: LEO,
    channel: SUPPORT,
    text: "{command} +81300000123 Your order is ready",
    expect: "You are Leo, a lead. Press Enter: a reason in “Reason to send anyway” lets you send.",
  },
  {
    title: "Too many messages",
    user: ADA,
    channel: SUPPORT,
    text: "{command} tara@example.com This is step 1",
    expect: "Send Tara five different messages. The sixth is refused unless a lead overrides it.",
    next: {
      user: LEO,
      does: "Become Leo",
      text: "{command} tara@example.com This is step 6",
      expect: "You are Leo. Press Enter: a reason in “Reason to send anyway” lets you send.",
    },
  },
  {
    title: "Do not contact",
    user: ADA,
    channel: SUPPORT,
    text: "{command} opt-out nora@example.com asked us to stop",
    expect: "Press Enter, then try to message Nora. Only a lead can undo it.",
    next: {
      user: LEO,
      does: "Become Leo",
      text: "{command} opt-in nora@example.com wants to hear from us again",
      expect: "You are Leo. Press Enter, and Nora may be messaged again.",
    },
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
