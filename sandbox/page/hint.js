// The line above the composer: the first step, or what to expect of the rule that's being tried.

import { fill, h } from "./dom.js";

export class Hint {
  /** `write(text)` fills the composer. */
  constructor(write) {
    this.write = write;
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

  drawAttempt({ title, expect }) {
    const close = () => {
      this.attempt = null;
      this.node.hidden = true;
    };
    this.show(title, expect, h("button", this.pressing(close), "Got it"));
  }

  drawFirstStep(command) {
    const example = `${command} jane@example.com Your order is ready`;
    const code = h("code", { class: "code" }, example);
    const words = ["Type ", code, " in the box below and press Enter."];
    const write = this.pressing(() => this.write(example));
    this.show("First step", words, h("button", write, "Type it for me"));
  }

  pressing(click) {
    return { type: "button", class: "button button-small", on: { click } };
  }

  /** Show the line unless it's there already, so that its button keeps the focus. */
  show(title, words, button) {
    if (!this.node.hidden && this.node.getAttribute("aria-label") === title) return;
    this.node.hidden = false;
    this.node.setAttribute("aria-label", title);
    fill(
      this.node,
      h("span", { class: "first-step-mark" }, title),
      h("span", { class: "first-step-words" }, words),
      button,
    );
  }
}
