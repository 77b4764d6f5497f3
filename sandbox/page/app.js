// Starts the page: the two sides, and the line that says whether the sandbox still runs.

import { Refused } from "./api.js";
import { CustomerPage } from "./customer.js";
import { Slack } from "./slack.js";

const line = document.getElementById("line");
const lines = new Map();

function connected(side) {
  return (up) => {
    lines.set(side, up);
    line.hidden = [...lines.values()].every(Boolean);
  };
}

const slack = new Slack(document.getElementById("slack"), { connected: connected("slack") });
new CustomerPage(document.getElementById("customer"), {
  connected: connected("customer"),
  suggest: (address) => slack.suggest(address),
});

async function start() {
  try {
    await slack.become();
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    if (error.status) slack.workspace.user = ""; // someone whom this workspace does not know
    connected("start")(false);
    setTimeout(start, 2000);
    return;
  }
  lines.set("start", true);
}

start();
