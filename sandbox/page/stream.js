// Draws the chats of one customer in the messenger.

import { avatar, h, reconcile } from "./dom.js";
import { isAtEnd } from "./keep_at_end.js";
import { dayName, full, shortTime } from "./time.js";

/** The states of a message to the customer, in words. */
const STATES = {
  queued: "Queued",
  sent: "Sent",
  "delivery-success": "Delivered",
  read: "Read",
  "delivery-failed": "Waiting, the customer is away",
  failed: "Failed",
  removed: "Removed",
};

/** Draw all chats of a customer, oldest first, and stay at the end if it was in view. */
export function drawStream(place, customer) {
  const atEnd = place.dataset.customer !== customer.id || isAtEnd(place);
  if (place.dataset.customer !== customer.id) place.replaceChildren();
  place.dataset.customer = customer.id;
  const rows = [];
  const byAge = [...customer.conversations].sort((one, other) =>
    one.started_at.localeCompare(other.started_at),
  );
  for (const conversation of byAge) {
    const day = dayName(new Date(conversation.started_at));
    const chat = conversation.messages.some((one) => one.direction === "inbound");
    rows.push({
      id: `start ${conversation.id}`,
      line: chat ? `${day} · chat started` : `${day} · message from the shop`,
    });
    rows.push(...conversation.messages);
    if (chat && conversation.ended_at)
      rows.push({ id: `end ${conversation.id}`, line: "Chat ended" });
  }
  if (!rows.length) rows.push({ id: "none", line: "No chat with the shop yet." });
  reconcile(place, rows, {
    key: (row) => row.id,
    signature: (row) => JSON.stringify(row),
    draw: (row) => (row.line ? h("div", { class: "stream-line" }, row.line) : bubble(row)),
  });
  if (atEnd) place.scrollTop = place.scrollHeight;
}

function bubble(message) {
  const mine = message.direction === "inbound";
  const date = new Date(message.at);
  const state = mine ? null : (STATES[message.status] ?? message.status);
  return h(
    "div",
    {
      class: `bubble ${mine ? "bubble-customer" : "bubble-shop"}${message.status === "delivery-failed" ? " bubble-waiting" : ""}`,
    },
    mine ? null : avatar("Shop", "shop"),
    h(
      "div",
      { class: "bubble-words" },
      h("div", { class: "bubble-text" }, message.text),
      h(
        "div",
        { class: "bubble-state" },
        h("time", { datetime: message.at, title: full(date) }, shortTime(date)),
        state ? ` · ${state}` : "",
      ),
    ),
  );
}
