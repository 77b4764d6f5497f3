// The line above the composer: the first step, or what to expect of the rule that's being tried.

import { fill, h } from "./dom.js";

export class Hint {
  /** `write(text)` fills the composer; `attempt(one)` sets up the next step of a rule to try. */
  constructor({ write, attempt }) {
    this.write = write;
    this.setUp = attempt;
    this.attempt = null; // see tries.js
    this.node = h("aside", { class: "first-step", hidden: true });
  }

  /**
   * Draw what fits the person and the channel. `command` is the one to begin with, or null if the
   * first step is taken.
   */
  draw(user, channel, command) {
    const { attempt } = this;
    if (attempt?.user === user && attempt.channel === channel) this.drawAttempt(attempt);
    else if (command) this.drawFirstStep(command);
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

  drawFirstStep(command) {
    const example = `${command} jane@example.com Your order is ready`;
    const code = h("code", { class: "code" }, example);
    const words = ["Type ", code, " in the box below and press Enter."];
    const write = this.pressing(() => this.write(example));
    this.show("First step", "", words, h("button", write, "Type it for me"));
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
      h("span", { class: "first-step-mark" }, title),
      h("span", { class: "first-step-words" }, words),
      ...buttons,
    );
  }
}
