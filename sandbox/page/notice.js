// The line above the composer in which Slack says why it didn't do something.

import { fill, h, icon } from "./dom.js";

/** Create the line; `say("")` removes it. */
export function makeNotice() {
  const node = h("div", { class: "notice", role: "status" });
  const say = (text) => fill(node, text ? [icon("info"), h("span", {}, text), dismiss()] : null);
  const dismiss = () =>
    h(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": "Dismiss",
        on: { click: () => say("") },
      },
      icon("close"),
    );
  return { node, say };
}
