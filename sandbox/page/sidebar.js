// Draws the workspace's name, the current person, the channels, the direct messages, and the rules
// to try.

import { avatar, fill, h, icon, reconcile } from "./dom.js";
import { drawTries } from "./tries.js";

/**
 * Draw the sidebar; `pick(id)` opens a channel, `become(id)` switches person, `attempt(one)` sets up
 * something to try.
 */
export function drawSidebar(place, { workspace, channel, pick, become, attempt }) {
  if (!place.hasChildNodes()) {
    fill(
      place,
      h("div", { class: "team" }),
      h("div", { class: "me" }),
      h("div", { class: "rooms" }),
      drawTries(attempt),
    );
  }
  const [team, me, rooms] = place.children;
  team.textContent = workspace.team;
  drawPerson(me, workspace, become);
  const direct = workspace.channels.filter((one) => one.is_im);
  const open = workspace.channels.filter((one) => !one.is_im);
  const rows = [{ title: "Channels" }, ...open, { title: "Direct messages" }, ...direct];
  reconcile(rooms, direct.length ? rows : rows.slice(0, -1), {
    key: (row) => row.id ?? row.title,
    signature: (row) =>
      JSON.stringify([row, row.id === channel, row.id ? workspace.unread(row.id) : 0]),
    draw: (row) =>
      row.title
        ? h("h3", { class: "rooms-title" }, row.title)
        : drawRoom(row, row.id === channel, workspace.unread(row.id), pick),
  });
}

/** Where the sidebar covers the channel (narrow.css), return a function that shows or hides it. */
export function makeFolding(panes, sidebar) {
  const show = (open) => {
    panes.classList.toggle("rooms-open", open);
    if (open) sidebar.querySelector(".room-current")?.focus();
  };
  panes.addEventListener("click", ({ target }) => {
    if (target === panes) show(false); // beside the sidebar
  });
  sidebar.addEventListener("keydown", ({ key }) => {
    if (key === "Escape") show(false);
  });
  return show;
}

function drawPerson(place, workspace, become) {
  const { user } = workspace;
  const people = workspace.users.filter((one) => !one.is_bot && !one.is_deleted);
  if (place.dataset.print === `${user} ${people.length}`) return;
  place.dataset.print = `${user} ${people.length}`;
  const held = place.contains(document.activeElement);
  const select = h(
    "select",
    {
      class: "person",
      "aria-label": "You are",
      title: "Switch person",
      on: { change: () => become(select.value) },
    },
    people.map((one) =>
      h("option", { value: one.id, selected: one.id === user }, one.name + roleOf(one)),
    ),
  );
  const name = people.find((one) => one.id === user)?.name ?? user;
  fill(
    place,
    avatar(name),
    h("span", { class: "me-words" }, h("span", { class: "me-label" }, "You are"), select),
    icon("down"),
  );
  if (held) select.focus();
}

/** Say in the list of people what's special about one. */
function roleOf(person) {
  if (person.is_outsider) return " (of Acme)";
  if (person.is_guest) return " (guest)";
  return person.is_admin ? " (lead)" : "";
}

function drawRoom(room, current, count, pick) {
  const drawing = room.is_im
    ? "bolt"
    : room.is_archived
      ? "box"
      : room.is_private
        ? "lock"
        : room.posting_restricted
          ? "horn"
          : "hash";
  return h(
    "button",
    {
      type: "button",
      class: `room${current ? " room-current" : ""}${count ? " room-unread" : ""}`,
      "aria-current": current ? "page" : null,
      on: { click: () => pick(room.id) },
    },
    icon(drawing),
    h("span", { class: "room-name" }, room.name),
    room.is_archived ? h("span", { class: "room-state" }, "archived") : null,
    count
      ? h(
          "span",
          { class: "badge" },
          h("span", { "aria-hidden": "true" }, String(count)),
          h("span", { class: "sr" }, `${count} unread`),
        )
      : null,
  );
}
