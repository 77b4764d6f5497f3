// Which side is in view where there's room for only one, and what's new on the other.

import { fill, h } from "./dom.js";

const ONE_SIDE = matchMedia("(max-width: 1000px)"); // as in narrow.css
const NAMES = { slack: "Slack", customer: "Customer" };

export class Sides {
  /** Calls `changed()` when another side comes into view. */
  constructor(place, changed) {
    this.changed = changed;
    this.buttons = Object.fromEntries(
      Object.entries(NAMES).map(([side, name]) => [side, this.makeButton(side, name)]),
    );
    fill(place, Object.values(this.buttons));
    this.press("slack");
    ONE_SIDE.addEventListener("change", changed);
  }

  makeButton(side, name) {
    return h(
      "button",
      { type: "button", class: "side", on: { click: () => this.show(side) } },
      h("span", { class: "side-name" }, name),
      h("span", { class: "badge", hidden: true }),
    );
  }

  inView(side) {
    return !ONE_SIDE.matches || document.body.dataset.side === side;
  }

  show(side) {
    if (document.body.dataset.side === side) return;
    document.body.dataset.side = side;
    this.press(side);
    this.changed();
  }

  press(side) {
    for (const [name, button] of Object.entries(this.buttons))
      button.setAttribute("aria-pressed", String(name === side));
  }

  /** Say what's new on a side, "" for nothing. */
  tell(side, news) {
    const badge = this.buttons[side].querySelector(".badge");
    badge.hidden = news === "";
    if (badge.textContent !== news) badge.textContent = news;
  }
}
