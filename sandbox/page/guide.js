// The guide above both sides: four steps, all in view, each until it's done.

import { fill, h, icon } from "./dom.js";

const KEPT = "sandbox.guide"; // the names of the steps that are done, or of all of them
const TEXT = "jane@example.com Your order is ready";
const STEPS = [
  { name: "command", title: "Run the command" },
  {
    name: "send",
    title: "Check and send",
    words: "Read in the form what Genesys Cloud knows about this customer, then press Send.",
  },
  {
    name: "arrive",
    title: "See it arrive",
    words: "The message appears on the customer’s side. Open the thread below the card: its history.",
  },
  {
    name: "another",
    title: "Try another case",
    words:
      "Send the customer away with the switch, answer as the customer, or choose another one: each is a different case.",
  },
];

export class Guide {
  /** `write(text)` puts a text into Slack's composer. */
  constructor(place, write) {
    Object.assign(this, { place, write });
    this.finished = new Set((sessionStorage.getItem(KEPT) ?? "").split(" "));
    this.command = "";
  }

  /** Say which command the first step is about; nobody can take it without one. */
  offer(command) {
    this.command = command ?? "";
    this.draw();
  }

  /** Tick a step off, once its turn has come. */
  did(name) {
    if (this.next?.name !== name) return;
    this.finished.add(name);
    sessionStorage.setItem(KEPT, [...this.finished].join(" ").trim());
    this.draw();
  }

  hide() {
    for (const { name } of STEPS) this.did(name);
  }

  get next() {
    return STEPS.find(({ name }) => !this.finished.has(name));
  }

  draw() {
    const current = this.next;
    this.place.hidden = !current;
    const print = JSON.stringify([[...this.finished], this.command]);
    if (!current || this.place.dataset.print === print) return;
    this.place.dataset.print = print;
    const steps = STEPS.map((step, index) => this.drawStep(step, index + 1, step === current));
    const words = current.words ?? this.drawFirst();
    fill(
      this.place,
      h("ol", { class: "guide-steps" }, steps),
      h("div", { class: "guide-words", role: "status" }, words),
      h("button", pressing("link-button", () => this.hide()), "Hide the guide"),
    );
  }

  drawStep({ name, title }, number, isCurrent) {
    const done = this.finished.has(name);
    return h(
      "li",
      {
        class: `guide-step${done ? " guide-done" : ""}`,
        "aria-current": isCurrent ? "step" : null,
      },
      h("span", { class: "guide-number" }, done ? icon("check", "Done:") : String(number)),
      h("span", { class: "guide-title" }, title),
    );
  }

  drawFirst() {
    if (!this.command) return "This person can’t use the command. Become Ada to begin.";
    const example = `${this.command} ${TEXT}`;
    return [
      "Type ",
      h("code", { class: "code" }, example),
      " in Slack’s box and press Enter. ",
      h("button", pressing("button button-small", () => this.write(example)), "Type it for me"),
    ];
  }
}

const pressing = (style, click) => ({ type: "button", class: style, on: { click } });
