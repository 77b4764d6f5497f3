// "Make things go wrong": the button in the banner, and the drawer with the switches.

import { BotPanel } from "./bot_panel.js";
import { add, fill, focusStops, h, icon } from "./dom.js";
import { EXPECT, STAGES } from "./stages.js";
import { Switchboard } from "./switchboard.js";
import { PERMISSIONS, SWITCHES } from "./switches.js";

const SEVERAL = "several";

export class Drawer {
  constructor({ place, button, alarm }) {
    Object.assign(this, { place, button, alarm });
    this.board = new Switchboard({
      changed: () => this.draw(),
      refused: (sentence) => fill(this.note, sentence),
    });
    this.build();
    button.addEventListener("click", () => this.show(this.place.hidden));
    place.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.show(false);
    });
  }

  build() {
    this.note = h("div", { class: "field-error", role: "alert" });
    this.others = h("p", { class: "hint" });
    this.normal = h(
      "button",
      { type: "button", class: "button button-small", on: { click: () => this.board.calm() } },
      "Everything back to normal",
    );
    this.bot = new BotPanel((act) => this.board.tellBot(act));
    this.rows = SWITCHES.map((one) => ({ one, ...this.makeRow(one) }));
    const close = h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Close this panel",
        on: { click: () => this.show(false) },
      },
      icon("close"),
    );
    const rowsOf = (side) => this.rows.filter(({ one }) => one.side === side).map(({ row }) => row);
    fill(
      this.place,
      h("header", { class: "pane-head" }, h("h2", {}, "Make things go wrong"), close),
      h(
        "div",
        { class: "drawer-body" },
        h(
          "div",
          { class: "drawer-normal" },
          h("p", {}, "See how the bot copes. Only the stand-ins break; nothing real is touched."),
          this.normal,
          this.note,
          this.others,
        ),
        h(
          "div",
          { class: "drawer-columns" },
          this.bot.node,
          section("Genesys Cloud", rowsOf("genesys"), this.makePermission()),
          section("Slack", rowsOf("slack")),
        ),
      ),
    );
  }

  makeRow(one) {
    const id = `switch-${crypto.randomUUID()}`;
    const toggle = h(
      "button",
      {
        type: "button",
        role: "switch",
        class: "switch fault-switch",
        "aria-checked": "false",
        "aria-labelledby": id,
        "aria-describedby": `${id}-about`,
        on: { click: () => this.board.flip(one, toggle.getAttribute("aria-checked") !== "true") },
      },
      h("span", { class: "switch-track" }, h("span", { class: "switch-knob" })),
    );
    const remark = h("span", { class: "fault-remark", role: "status" });
    const stages = drawStages(EXPECT[one.name]);
    const company = one.side === "slack" ? "Slack" : "Genesys Cloud";
    const row = h(
      "div",
      { class: "fault" },
      toggle,
      h(
        "div",
        { class: "fault-words" },
        h(
          "div",
          {},
          h("strong", { id }, h("span", { class: "sr" }, `${company}: `), one.title),
          remark,
        ),
        h("p", { class: "hint", id: `${id}-about` }, one.about),
        stages,
      ),
    );
    return { row, toggle, remark, stages };
  }

  makePermission() {
    this.permission = h(
      "select",
      {
        class: "field",
        "aria-describedby": "permission-about",
        on: { change: () => this.board.lack(this.permission.value) },
      },
      h("option", { value: "" }, "None is missing"),
      [...PERMISSIONS].map(([name, use]) => h("option", { value: name }, `${use} (${name})`)),
      h("option", { value: SEVERAL, disabled: true, hidden: true }, "Several are missing"),
    );
    return h(
      "label",
      { class: "fault fault-choice" },
      h("strong", {}, "Missing permission"),
      h(
        "p",
        { class: "hint", id: "permission-about" },
        "The bot’s role in Genesys Cloud lacks one permission. The agent reads whom to ask; the thread’s last line and the bot’s log name the permission.",
      ),
      this.permission,
    );
  }

  show(open) {
    this.place.hidden = !open;
    this.button.setAttribute("aria-expanded", String(open));
    this.board.watch(open);
    if (open) focusStops(this.place)[0].focus();
    else this.button.focus();
  }

  draw() {
    const { board } = this;
    for (const { one, toggle, remark, stages } of this.rows) {
      const on = String(board.isOn(one));
      if (toggle.getAttribute("aria-checked") !== on) {
        stages.open = on === "true";
        if (stages.open) stages.scrollIntoView({ block: "nearest" });
      }
      toggle.setAttribute("aria-checked", on);
      say(remark, board.remark(one));
    }
    const { missing, others, count, bot } = board;
    if (document.activeElement !== this.permission)
      this.permission.value = missing.length > 1 ? SEVERAL : (missing[0] ?? "");
    say(this.others, others ? `${others} more ordered through the control routes.` : "");
    this.normal.disabled = !count && !others && bot.state !== "dead";
    this.bot.draw(bot);
    this.drawBanner(count + others);
  }

  drawBanner(count) {
    say(this.button.querySelector(".badge"), count ? `${count} on` : "");
    const dead = this.board.bot.state === "dead";
    if (this.alarm.hidden === !dead) return;
    this.alarm.hidden = !dead;
    const start = { click: () => this.board.tellBot("start") };
    fill(this.alarm, "The bot is dead. ");
    add(this.alarm, [
      h("button", { type: "button", class: "link-button", on: start }, "Start it again"),
    ]);
  }
}

/** Draw what to expect at each stage of a message; it unfolds when the switch is on. */
function drawStages(stages) {
  return h(
    "details",
    { class: "stages" },
    h("summary", {}, "What to expect"),
    Object.entries(stages).map(([name, words]) =>
      h("p", {}, h("strong", {}, `${STAGES[name]}: `), words),
    ),
  );
}

function section(title, ...rows) {
  return h("section", { class: "faults" }, h("h3", {}, title), rows);
}

/** Change a text only if it's different, so that screen readers read it once. */
function say(node, text) {
  node.hidden = text === "";
  if (node.textContent !== text) node.textContent = text;
}
