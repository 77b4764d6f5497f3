// Confirmation dialogs, and menus that open from a button.

import { h, trapFocus } from "./dom.js";
import { drawText } from "./mrkdwn.js";

/** Ask the question of a Block Kit confirm object; resolves to true or false. */
export function askConfirm(place, confirm) {
  const before = document.activeElement;
  return new Promise((resolve) => {
    const answer = (yes) => {
      layer.remove();
      before?.focus?.();
      resolve(yes);
    };
    const style = confirm.style === "danger" ? "button-danger" : "button-primary";
    const go = h(
      "button",
      { type: "button", class: `button ${style}`, on: { click: () => answer(true) } },
      drawText(confirm.confirm),
    );
    const dialog = h(
      "div",
      {
        class: "dialog dialog-small",
        role: "alertdialog",
        "aria-modal": "true",
        "aria-labelledby": "confirm-title",
        "aria-describedby": "confirm-text",
        tabindex: "-1",
      },
      h("h2", { class: "dialog-title", id: "confirm-title" }, drawText(confirm.title)),
      h("div", { class: "dialog-body text", id: "confirm-text" }, drawText(confirm.text)),
      h(
        "div",
        { class: "dialog-foot" },
        h(
          "button",
          { type: "button", class: "button", on: { click: () => answer(false) } },
          drawText(confirm.deny),
        ),
        go,
      ),
    );
    trapFocus(dialog, () => answer(false));
    const layer = h("div", { class: "layer layer-top" }, dialog);
    place.append(layer);
    go.focus();
  });
}

/** Open a menu of {label, hint, run} under a button; a choice, Esc or a click elsewhere closes it. */
export function openMenu(button, title, items) {
  document.querySelector(".menu")?.dispatchEvent(new Event("dismiss"));
  const close = (refocus) => {
    menu.remove();
    document.removeEventListener("mousedown", outside, true);
    button.setAttribute("aria-expanded", "false");
    button.closest(".message")?.classList.remove("menu-open");
    if (refocus) button.focus();
  };
  const outside = (event) => {
    if (!menu.contains(event.target)) close(false);
  };
  const choices = items.map((item) =>
    h(
      "button",
      {
        type: "button",
        role: "menuitem",
        class: "menu-item",
        disabled: item.disabled,
        on: {
          click: () => {
            close(true);
            item.run();
          },
        },
      },
      h("span", {}, item.label),
      item.hint ? h("span", { class: "menu-hint" }, item.hint) : null,
    ),
  );
  const menu = h("div", { class: "menu", role: "menu", "aria-label": title }, choices);
  menu.addEventListener("dismiss", () => close(false));
  menu.addEventListener("keydown", (event) => {
    const place = choices.indexOf(document.activeElement);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) choices.at((place + step + choices.length) % choices.length).focus();
    if (event.key === "Escape" || event.key === "Tab") close(true);
    if (step || event.key === "Escape") event.preventDefault();
    event.stopPropagation();
  });
  button.setAttribute("aria-expanded", "true");
  button.closest(".message")?.classList.add("menu-open");
  button.parentElement.append(menu);
  const box = menu.getBoundingClientRect();
  if (box.bottom > innerHeight - 80) menu.classList.add("menu-up");
  document.addEventListener("mousedown", outside, true);
  choices.find((choice) => !choice.disabled)?.focus();
}
