// The one line above the composer in which Slack says why something was not done.

import { fill, h, icon } from "./dom.js";

/** Make the line; `say("")` takes it away. */
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
