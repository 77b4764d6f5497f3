// The bot's part of the drawer: its status, and the buttons that start, stop and kill it.

import { fill, h } from "./dom.js";
import { exactClock } from "./time.js";

const WORDS = { starting: "Starting", running: "Running", dead: "Dead" };

export class BotPanel {
  /** `tell(action)` is called with "start", "stop" or "kill". */
  constructor(tell) {
    const lever = (act, words, style = "") =>
      h(
        "button",
        { type: "button", class: `button button-small ${style}`, on: { click: () => tell(act) } },
        words,
      );
    this.kill = lever("kill", "Kill the bot now (kill -9)", "button-danger");
    this.start = lever("start", "Start it again", "button-primary");
    this.stop = lever("stop", "Stop it politely");
    this.state = h("p", { class: "bot-state", role: "status" });
    this.lines = h("pre", { class: "code-block", tabindex: "0", "aria-label": "Its last lines" });
    this.levers = h("div", { class: "block-actions" }, this.kill, this.start, this.stop);
    this.node = h(
      "section",
      { class: "faults" },
      h("h3", {}, "The bot"),
      this.state,
      this.lines,
      this.levers,
      h(
        "p",
        { class: "hint" },
        "Killed, it ends in the middle of whatever it does; commands fail until you start it again, and then every request goes on from where it was.",
      ),
    );
  }

  draw({ state, since, pid, last_exit }) {
    const dead = state === "dead";
    this.levers.hidden = state === "absent";
    this.start.hidden = !dead;
    this.kill.hidden = dead;
    this.stop.hidden = dead;
    const lines = dead && last_exit && !last_exit.asked ? last_exit.last_lines : "";
    this.lines.hidden = !lines;
    if (this.lines.textContent !== lines) this.lines.textContent = lines;
    const print = JSON.stringify([state, since, pid]);
    if (this.state.dataset.print === print) return;
    this.state.dataset.print = print;
    fill(
      this.state,
      state === "absent"
        ? "This sandbox did not start the bot."
        : [
            h("span", { class: `bot-dot bot-${state}`, "aria-hidden": "true" }),
            h("strong", {}, WORDS[state]),
            ` since ${exactClock(new Date(since))}`,
            pid ? `, process ${pid}` : "",
            dead && last_exit ? `. ${how(last_exit)}` : "",
          ],
    );
  }
}

const how = ({ how, asked }) => (asked ? `${how} You asked for it.` : `${how} Nobody asked for it.`);
