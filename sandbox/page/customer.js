// The right half, as one customer sees it: a made-up shop with the company's messenger.

import { at, coalesce, follow, get, post, Refused } from "./api.js";
import { fill, h, icon } from "./dom.js";
import { firstName, newForCustomers } from "./news.js";
import { keepAtEnd } from "./keep_at_end.js";
import { drawPicker } from "./picker.js";
import { drawShop } from "./shop.js";
import { drawStream } from "./stream.js";

const KEPT = "sandbox.customer";

export class CustomerPage {
  /**
   * `suggest(address)` writes a command in Slack, `did(step)` tells the guide, `inView()` says if
   * this side is in view, and `tellNews(words)` says what's new on it.
   */
  constructor(root, { connected, suggest, did, inView, tellNews }) {
    Object.assign(this, { suggest, did, inView, tellNews });
    this.customers = [];
    this.chosen = sessionStorage.getItem(KEPT);
    this.reading = new Set();
    this.drafts = new Map();
    this.build(root);
    this.refresh = coalesce(() => this.load());
    follow("/customers/events", this.refresh, connected);
    document.addEventListener("visibilitychange", () => this.markRead());
  }

  build(root) {
    this.picker = h("div", { class: "picker" });
    this.page = h("div", { class: "browser" });
    this.bar = h("div", { class: "browser-bar" });
    this.stream = h("div", {
      class: "stream",
      role: "log",
      "aria-label": "Chat with the shop",
      tabindex: "0",
    });
    keepAtEnd(this.stream);
    this.state = h("div", { class: "widget-state" });
    this.note = h("div", { class: "widget-note", role: "status" });
    this.answer = h("textarea", {
      class: "answer-text",
      rows: 1,
      "aria-label": "Answer as the customer",
      placeholder: "Answer as the customer",
      on: { input: () => this.sized(), keydown: (event) => this.pressed(event) },
    });
    this.go = h(
      "button",
      {
        type: "button",
        class: "send",
        "aria-label": "Send the answer",
        title: "Send (Enter)",
        on: { click: () => this.say() },
      },
      icon("send"),
    );
    this.end = h(
      "button",
      { type: "button", class: "link-button end-chat", on: { click: () => this.act("end") } },
      "End chat",
    );
    this.widget = h(
      "section",
      { class: "widget", "aria-label": "Messenger" },
      h(
        "header",
        { class: "widget-head" },
        icon("chat"),
        h("div", { class: "widget-title" }, h("strong", {}, "Chat with us"), this.state),
        this.end,
      ),
      this.stream,
      this.note,
      h("div", { class: "composer-box answer" }, this.answer, this.go),
    );
    this.away = h("div", { class: "gone" });
    fill(
      this.page,
      this.bar,
      h("div", { class: "browser-page" }, drawShop(), this.away, this.widget),
    );
    fill(root, this.picker, this.page);
  }

  async load() {
    try {
      this.customers = (await get("/customers")).customers;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return;
    }
    if (!this.customer) this.chosen = this.customers[0]?.id ?? null;
    this.draw();
  }

  get customer() {
    return this.customers.find((one) => one.id === this.chosen) ?? null;
  }

  /** Show the customer whose address is in a text, if there is one. */
  lookAt(text) {
    const has = (address) => address && text.includes(address);
    const found = this.customers.find((one) => has(one.email) || has(one.phone));
    if (found) this.choose(found.id);
  }

  choose(id) {
    this.drafts.set(this.chosen, this.answer.value);
    this.chosen = id;
    sessionStorage.setItem(KEPT, id);
    this.answer.value = this.drafts.get(id) ?? "";
    this.note.textContent = "";
    this.draw();
  }

  draw() {
    const { customer } = this;
    if (!customer) return;
    drawPicker(this.picker, {
      customers: this.customers,
      customer,
      choose: (id) => {
        this.did("another");
        this.choose(id);
      },
      suggest: this.suggest,
    });
    const others = this.customers.filter((one) => one.id !== this.chosen);
    this.tellNews(newForCustomers(this.inView() ? others : this.customers));
    this.drawBar(customer);
    const present = customer.present;
    const waiting = messagesOf(customer).filter((one) => one.status === "delivery-failed").length;
    this.page.classList.toggle("is-away", !present);
    fill(
      this.away,
      present
        ? null
        : [
            icon("person"),
            h("strong", {}, `${firstName(customer)} is away`),
            h("span", {}, "The page is closed. Messages wait until it is open again."),
          ],
    );
    this.state.textContent = present
      ? "On the page"
      : waiting
        ? `Away. ${waiting === 1 ? "1 message waits" : `${waiting} messages wait`}`
        : "Away. New messages will wait";
    this.end.hidden = !present || !customer.conversations.some((one) => !one.ended_at);
    this.answer.disabled = !present;
    this.answer.placeholder = present
      ? `Answer as ${firstName(customer)}`
      : `${firstName(customer)} is away`;
    this.go.disabled = !present || this.answer.value.trim() === "";
    drawStream(this.stream, customer);
    this.markRead();
  }

  drawBar(customer) {
    const print = `${customer.id} ${customer.present}`;
    if (this.bar.dataset.print === print) return;
    const held =
      this.bar.contains(document.activeElement) && this.bar.dataset.print?.startsWith(customer.id);
    this.bar.dataset.print = print;
    const toggle = h(
      "button",
      {
        type: "button",
        role: "switch",
        class: "switch",
        "aria-checked": String(customer.present),
        on: {
          click: () => {
            this.did("another");
            this.act("presence", { present: !customer.present });
          },
        },
      },
      h(
        "span",
        { class: "switch-track", "aria-hidden": "true" },
        h("span", { class: "switch-knob" }),
      ),
      h("span", {}, customer.present ? "On the page" : "Away"),
    );
    fill(
      this.bar,
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      h("span", { class: "address" }, "shop.example.com"),
      toggle,
    );
    if (held) toggle.focus();
  }

  /** Mark messages as read if the customer is on the page and their chat is visible. */
  markRead() {
    const { customer } = this;
    const visible = document.visibilityState === "visible" && this.inView();
    if (!customer?.present || !visible) return;
    const fresh = messagesOf(customer).filter(
      (one) => one.status === "delivery-success" && !this.reading.has(one.id),
    );
    if (!fresh.length) return;
    for (const one of fresh) this.reading.add(one.id);
    this.act("read");
  }

  sized() {
    this.answer.rows = Math.min(4, this.answer.value.split("\n").length);
    this.go.disabled = !this.customer?.present || this.answer.value.trim() === "";
  }

  pressed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.say();
  }

  async say() {
    const text = this.answer.value.trim();
    if (!text || !this.customer?.present) return;
    this.answer.value = "";
    this.sized();
    this.did("another");
    if (!(await this.act("answer", { text })) && !this.answer.value) this.answer.value = text;
  }

  async act(verb, body = {}) {
    try {
      await post(at("customers", this.chosen, verb), body);
      this.note.textContent = "";
      return true;
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.note.textContent = error.message;
      return false;
    } finally {
      this.refresh();
    }
  }
}

const messagesOf = (customer) =>
  customer.conversations
    .flatMap((one) => one.messages)
    .filter((one) => one.direction === "outbound");
