// The line above the composer: what to expect of the rule that's being tried.

import { fill, h } from "./dom.js";

export class Hint {
  /** `attempt(one)` sets up the next step of a rule to try. */
  constructor(attempt) {
    this.setUp = attempt;
    this.attempt = null; // see tries.js
    this.node = h("aside", { class: "attempt", hidden: true });
  }

  /** Draw what fits the person and the channel. */
  draw(user, channel) {
    const { attempt } = this;
    if (attempt?.user === user && attempt.channel === channel) this.drawAttempt(attempt);
    else this.node.hidden = true;
  }

  drawAttempt({ title, user, channel, expect, next }) {
    const close = () => {
      this.attempt = null;
      this.node.hidden = true;
    };
    const goOn = () => this.setUp({ title, channel, ...next });
    const step = next ? h("button", this.pressing(goOn), next.does) : null;
    this.show(title, user, expect, step, h("button", this.pressing(close), "Got it"));
  }

  pressing(click) {
    return { type: "button", class: "button button-small", on: { click } };
  }

  /** Show the line unless it's there already, so that its buttons keep the focus. */
  show(title, user, words, ...buttons) {
    const print = `${title} ${user}`;
    if (!this.node.hidden && this.node.dataset.print === print) return;
    this.node.hidden = false;
    this.node.dataset.print = print;
    this.node.setAttribute("aria-label", title);
    fill(
      this.node,
      h("span", { class: "attempt-mark" }, title),
      h("span", { class: "attempt-words" }, words),
      ...buttons,
    );
  }
}
