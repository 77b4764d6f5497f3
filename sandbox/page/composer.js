// The box for writing messages: Enter sends, Shift+Enter is a new line, "/" lists the commands.

import { fill, h, icon } from "./dom.js";

/**
 * Make a composer. `send(text)` may return false to keep the text; `commands()` lists the slash
 * commands, or is null where Slack knows none (threads).
 */
export function makeComposer({ label, send, commands = null }) {
  const listId = `commands-${crypto.randomUUID()}`;
  const popup = h("div", {
    class: "commands",
    role: "listbox",
    id: listId,
    "aria-label": "Commands",
    hidden: true,
  });
  const usage = h("div", { class: "usage", hidden: true });
  const text = h("textarea", {
    class: "composer-text",
    rows: 1,
    "aria-label": label,
    placeholder: label,
    "aria-controls": listId,
    autocomplete: "off",
  });
  const button = h(
    "button",
    { type: "button", class: "send", "aria-label": "Send", title: "Send (Enter)", disabled: true },
    icon("send"),
  );
  const node = h(
    "div",
    { class: "composer" },
    popup,
    usage,
    h("div", { class: "composer-box" }, text, button),
  );
  let offered = [];
  let active = 0;

  const refresh = () => {
    text.rows = Math.min(6, text.value.split("\n").length);
    button.disabled = text.value.trim() === "";
    const typed = text.value.match(/^\/\S*$/);
    const all = commands ? commands() : [];
    offered = typed ? all.filter((one) => one.command.startsWith(text.value)) : [];
    active = 0;
    drawPopup();
    const exact = all.find(
      (one) => text.value.startsWith(`${one.command} `) || text.value === one.command,
    );
    usage.hidden = !exact || offered.length > 0;
    if (exact) fill(usage, h("strong", {}, exact.command), " ", exact.usage_hint ?? "");
  };
  const drawPopup = () => {
    popup.hidden = offered.length === 0;
    if (offered.length) text.setAttribute("aria-activedescendant", `${listId}-${active}`);
    else text.removeAttribute("aria-activedescendant");
    fill(
      popup,
      offered.map((one, index) =>
        h(
          "div",
          {
            class: "command",
            role: "option",
            id: `${listId}-${index}`,
            "aria-selected": String(index === active),
            on: {
              mousedown: (event) => {
                event.preventDefault();
                complete(one);
              },
            },
          },
          h(
            "span",
            { class: "command-words" },
            h("strong", {}, one.command),
            " ",
            h("span", { class: "command-usage" }, one.usage_hint ?? ""),
          ),
          h("span", { class: "command-about" }, one.description ?? ""),
        ),
      ),
    );
  };
  const complete = (one) => {
    text.value = `${one.command} `;
    refresh();
    text.focus();
  };
  const go = async () => {
    const value = text.value;
    if (value.trim() === "") return;
    text.value = "";
    refresh();
    if ((await send(value)) === false && text.value === "") {
      text.value = value;
      refresh();
    }
  };

  text.addEventListener("input", refresh);
  text.addEventListener("blur", () => {
    offered = [];
    drawPopup();
  });
  text.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (offered.length && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      active = (active + (event.key === "ArrowDown" ? 1 : -1) + offered.length) % offered.length;
      drawPopup();
    } else if (
      offered.length &&
      (event.key === "Tab" || (event.key === "Enter" && text.value !== offered[active].command))
    ) {
      event.preventDefault();
      complete(offered[active]);
    } else if (offered.length && event.key === "Escape") {
      event.stopPropagation();
      offered = [];
      drawPopup();
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      go();
    }
  });
  button.addEventListener("click", go);

  return {
    node,
    text,
    get value() {
      return text.value;
    },
    set(value) {
      text.value = value;
      refresh();
    },
    relabel(words, disabled = false) {
      text.placeholder = words;
      text.setAttribute("aria-label", words);
      text.disabled = disabled;
    },
  };
}
