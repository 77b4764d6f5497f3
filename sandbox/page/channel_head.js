// The head of the channel's pane: its name, what the bot may do there, and the tabs of the app.

import { fill, h, icon } from "./dom.js";

const TABS = [
  ["home", "Home"],
  ["messages", "Messages"],
];

/**
 * Draw the head of a channel. `tab` is the tab in view, or null where there are none; `openTab(name)`
 * opens one, `openRooms()` lists the channels where they are hidden.
 */
export function drawHead(place, { title, channel, tab, openTab, openRooms }) {
  const print = JSON.stringify([title, channel, tab]);
  if (place.dataset.print === print) return;
  place.dataset.print = print;
  const held = place.contains(document.activeElement);
  const rooms = h(
    "button",
    {
      type: "button",
      class: "icon-button rooms-button",
      "aria-label": "Channels",
      on: { click: openRooms },
    },
    icon("list"),
  );
  const about = h("span", { class: "about" }, tab ? "" : aboutChannel(channel));
  fill(place, rooms, h("h2", {}, title), about, tab ? drawTabs(tab, openTab) : null);
  if (held) place.querySelector("[aria-selected='true']")?.focus();
}

function drawTabs(current, openTab) {
  return h(
    "div",
    { class: "tabs", role: "tablist", "aria-label": "The app’s tabs" },
    TABS.map(([name, title]) =>
      h(
        "button",
        {
          type: "button",
          class: "tab",
          role: "tab",
          "aria-selected": String(name === current),
          on: { click: () => openTab(name) },
        },
        title,
      ),
    ),
  );
}

/** Return a line about the bot in a channel. */
function aboutChannel(channel) {
  if (channel.is_im) return "Messages between you and the bot";
  if (channel.is_archived) return "Archived: nobody can post here";
  if (channel.is_ext_shared) return "Shared with Acme: people of another organisation are here";
  if (channel.posting_restricted) return "Announcements: the bot may not post here";
  if (channel.bot_is_member) return "The bot is a member of this channel";
  if (channel.is_private) return "Private: the bot was not invited and cannot see this channel";
  return "Public: the bot was not invited to this channel";
}
