// plain_text_input, email_text_input, url_text_input and number_input.

import { h } from "./dom.js";
import { named, starting, triggers } from "./surface.js";

// The counter appears only near the limit; before that, nobody needs it.
const NEARLY_FULL = 0.8;

export function drawTextInput(element, block, surface, label) {
  const multiline = element.type === "plain_text_input" && element.multiline === true;
  const state = starting(block, element, surface, {
    type: element.type,
    value: element.initial_value ?? null,
  });
  const counter = element.max_length ? h("div", { class: "counter" }) : null;
  const count = () => {
    if (!counter) return;
    const length = [...field.value].length;
    const left = element.max_length - length;
    counter.hidden = length < element.max_length * NEARLY_FULL;
    counter.textContent =
      left < 0
        ? `${-left} too many`
        : `${length.toLocaleString("en")} of ${element.max_length.toLocaleString("en")}`;
    counter.classList.toggle("over", left < 0);
  };
  const current = () => ({ type: element.type, value: field.value === "" ? null : field.value });
  const typed = () => {
    surface.remember(block, element, current());
    count();
    if (block.dispatch_action && triggers(element).includes("on_character_entered"))
      surface.act(block, element, current());
  };
  const pressed = (event) => {
    if (event.key !== "Enter" || event.isComposing || multiline) return;
    event.preventDefault();
    event.stopPropagation();
    if (block.dispatch_action && triggers(element).includes("on_enter_pressed"))
      surface.act(block, element, current());
    else surface.submit?.();
  };
  const types = { email_text_input: "email", url_text_input: "url", number_input: "text" };
  const field = h(multiline ? "textarea" : "input", {
    class: "field",
    type: multiline ? null : (types[element.type] ?? "text"),
    inputmode: element.type === "number_input" ? "decimal" : null,
    rows: multiline ? 5 : null,
    placeholder: element.placeholder?.text,
    value: state.value ?? "",
    autocomplete: "off",
    "data-first": element.focus_on_load === true,
    ...named(label, element.placeholder?.text ?? "Text"),
    on: { input: typed, keydown: pressed },
  });
  count();
  return counter ? h("div", { class: "counted" }, field, counter) : field;
}
