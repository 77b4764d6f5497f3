// The list of customers, with each one's story and what to expect.

import { avatar, fill, h, icon } from "./dom.js";
import { firstName, unseen } from "./news.js";

const NAMED = 3; // customers with news that have a button of their own

/** Draw the picker; `choose(id)` changes the customer, `suggest(address)` puts it into Slack's box. */
export function drawPicker(place, { customers, customer, choose, suggest }) {
  const print =
    JSON.stringify(
      customers.map((one) => [
        one.id,
        one.name,
        one.email,
        one.phone,
        one.story,
        one.expects,
        one.present,
        unseen(one),
      ]),
    ) + customer.id;
  if (place.dataset.print === print) return;
  const open = place.querySelector(".cast:not([hidden])") !== null;
  const held = place.contains(document.activeElement);
  place.dataset.print = print;

  const cast = h("ul", { class: "cast", role: "listbox", "aria-label": "Customers", hidden: true });
  const button = h(
    "button",
    {
      type: "button",
      class: "picker-button",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      on: { click: () => show(cast.hidden) },
    },
    avatar(nameOf(customer)),
    h(
      "span",
      { class: "picker-words" },
      h("strong", {}, nameOf(customer)),
      h("span", {}, addressOf(customer)),
    ),
    h("span", { class: "picker-change" }, "Change", icon("down")),
  );
  const show = (yes) => {
    cast.hidden = !yes;
    button.setAttribute("aria-expanded", String(yes));
    if (yes) (cast.querySelector("[aria-selected='true']") ?? cast.firstChild)?.focus();
  };
  const pick = (one) => {
    show(false);
    choose(one.id);
    place.querySelector(".picker-button")?.focus();
  };
  fill(
    cast,
    customers.map((one) =>
      h(
        "li",
        {
          role: "option",
          class: "cast-row",
          tabindex: "-1",
          "aria-selected": String(one.id === customer.id),
          on: {
            click: () => pick(one),
            keydown: (event) =>
              walk(
                event,
                () => pick(one),
                () => {
                  show(false);
                  button.focus();
                },
              ),
          },
        },
        avatar(nameOf(one)),
        h(
          "span",
          { class: "cast-words" },
          h(
            "span",
            { class: "cast-name" },
            h("strong", {}, nameOf(one)),
            h("span", { class: "cast-address" }, addressOf(one)),
            unseen(one) ? h("span", { class: "badge" }, `${unseen(one)} new`) : null,
          ),
          h("span", { class: "cast-story" }, one.story),
        ),
      ),
    ),
  );
  cast.addEventListener("focusout", (event) => {
    if (!place.contains(event.relatedTarget)) show(false);
  });
  fill(
    place,
    h(
      "div",
      { class: "picker-top" },
      h("h2", {}, "The customer’s side"),
      h("span", { class: "about" }, "what this person sees"),
    ),
    button,
    cast,
    drawNews(
      customers.filter((one) => one.id !== customer.id && unseen(one)),
      pick,
      () => show(true),
    ),
    h(
      "div",
      { class: "story" },
      h("p", {}, customer.story),
      h("p", { class: "expects" }, h("strong", {}, "What to expect: "), customer.expects),
      h(
        "button",
        {
          type: "button",
          class: "button button-small",
          on: { click: () => suggest(addressOf(customer)) },
        },
        icon("copy"),
        "Use this address in Slack",
      ),
    ),
  );
  if (open) show(true);
  else if (held) button.focus();
}

/** Say for whom there is something new; each name shows that customer. */
function drawNews(customers, pick, showAll) {
  if (!customers.length) return null;
  const more = customers.length - NAMED;
  const button = (words, click) =>
    h("button", { type: "button", class: "news-one", on: { click } }, words);
  return h(
    "div",
    { class: "news", role: "group", "aria-label": "New messages for other customers" },
    customers.slice(0, NAMED).map((one) =>
      button(`${unseen(one)} new for ${firstName(one)}`, () => pick(one)),
    ),
    more > 0 ? button(`and ${more} more`, showAll) : null,
  );
}

function walk(event, choose, leave) {
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (step) event.currentTarget[step]?.focus();
  if (event.key === "Enter" || event.key === " ") choose();
  if (event.key === "Escape") leave();
  if (step || ["Enter", " ", "Escape"].includes(event.key)) event.preventDefault();
}

const nameOf = (customer) => customer.name || "No name";
const addressOf = (customer) => customer.email || customer.phone || "";
