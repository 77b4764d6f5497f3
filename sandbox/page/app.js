// Starts the page: both sides, the switches, and the line that says if the sandbox is gone.

import { Refused } from "./api.js";
import { CustomerPage } from "./customer.js";
import { Drawer } from "./drawer.js";
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

const slack = new Slack(byId("slack"), {
  connected: connected("slack"),
  lookAt: (text) => customer.lookAt(text),
});
const customer = new CustomerPage(byId("customer"), {
  connected: connected("customer"),
  suggest: (address) => slack.suggest(address),
});

new Drawer({
  place: byId("drawer"),
  button: byId("trouble"),
  alarm: byId("alarm"),
  covered: byId("customer"),
});

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
}

start();
