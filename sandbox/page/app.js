// Starts the page: both sides, the switches, the guide, and the line that says if the sandbox is gone.

import { Refused } from "./api.js";
import { CustomerPage } from "./customer.js";
import { Drawer } from "./drawer.js";
import { Guide } from "./guide.js";
import { drawLeadButton } from "./lead_button.js";
import { newInChannels } from "./news.js";
import { Sides } from "./sides.js";
import { Slack } from "./slack.js";

const byId = (id) => document.getElementById(id);
const line = byId("line");
const lines = new Map();

function connected(side) {
  return (up) => {
    lines.set(side, up);
    line.hidden = [...lines.values()].every(Boolean);
  };
}

const sides = new Sides(byId("sides"), () => {
  slack.workspace.refresh();
  customer.refresh();
});
const guide = new Guide(byId("guide"), (text) => {
  sides.show("slack");
  slack.write(text);
});
const did = (step) => guide.did(step);
const slack = new Slack(byId("slack"), {
  connected: connected("slack"),
  lookAt: (text) => customer.lookAt(text),
  did,
  inView: () => sides.inView("slack"),
  drawn: (workspace) => {
    guide.offer(workspace.commands[0]?.command);
    drawLeadButton(byId("lead"), workspace, (user) => slack.become(user));
    sides.tell("slack", newInChannels(workspace));
  },
});
const customer = new CustomerPage(byId("customer"), {
  connected: connected("customer"),
  suggest: (address) => {
    sides.show("slack");
    slack.suggest(address);
  },
  did,
  inView: () => sides.inView("customer"),
  tellNews: (news) => sides.tell("customer", news),
});

new Drawer({ place: byId("drawer"), button: byId("trouble"), alarm: byId("alarm") });

async function start() {
  try {
    await slack.become();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status) slack.workspace.user = ""; // this workspace doesn't know the person
    connected("start")(false);
    setTimeout(start, 2000);
    return;
  }
  lines.set("start", true);
  slack.focusComposer();
}

start();
