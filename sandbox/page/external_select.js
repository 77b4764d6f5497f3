// external_select: a search box whose options come from the app (block_suggestion).

import { fill, h } from "./dom.js";
import { changed, named, starting } from "./surface.js";

const PAUSE = 300; // Slack waits for a pause in the typing before it asks the app

export function drawExternalSelect(element, block, surface, label) {
  const first = { type: element.type, selected_option: element.initial_option ?? null };
  let state = starting(block, element, surface, first);
  const listId = `options-${crypto.randomUUID()}`;
  const fewest = element.min_query_length ?? 3;
  let options = [];
  let active = -1;
  let timer = null;

  const list = h("ul", { class: "options", role: "listbox", id: listId, hidden: true });
  const box = h("input", {
    class: "field select",
    type: "text",
    role: "combobox",
    autocomplete: "off",
    "aria-expanded": "false",
    "aria-controls": listId,
    "aria-autocomplete": "list",
    ...named(label, element.placeholder?.text ?? "Search"),
    placeholder: element.placeholder?.text ?? "Search",
    value: state.selected_option?.text.text ?? "",
    "data-first": element.focus_on_load === true,
  });

  const show = (open) => {
    list.hidden = !open;
    box.setAttribute("aria-expanded", String(open));
  };
  const choose = (option) => {
    state = { type: element.type, selected_option: option };
    box.value = option?.text.text ?? "";
    show(false);
    changed(block, element, surface, state);
  };
  const mark = (index) => {
    active = index;
    [...list.children].forEach((item, place) =>
      item.setAttribute("aria-selected", String(place === index)),
    );
    box.setAttribute("aria-activedescendant", index < 0 ? "" : `${listId}-${index}`);
  };
  const draw = (note) => {
    const items = options.map((option, index) =>
      h(
        "li",
        {
          role: "option",
          id: `${listId}-${index}`,
          "aria-selected": "false",
          on: {
            mousedown: (event) => {
              event.preventDefault();
              choose(option);
            },
          },
        },
        option.text.text,
      ),
    );
    fill(list, items.length ? items : h("li", { class: "options-note" }, note));
    mark(-1);
    show(true);
  };
  const ask = async () => {
    if (box.value.length < fewest) {
      options = [];
      draw(`Type at least ${fewest} characters`);
      return;
    }
    const text = box.value;
    options = await surface.options(block, element, text);
    if (text === box.value) draw("No results");
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, PAUSE);
  });
  box.addEventListener("focus", () => {
    if (fewest === 0) ask();
  });
  box.addEventListener("blur", () => {
    clearTimeout(timer);
    show(false);
    if (box.value === "" && state.selected_option) choose(null);
    else box.value = state.selected_option?.text.text ?? "";
  });
  box.addEventListener("keydown", (event) => {
    if (list.hidden) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      if (options.length) mark((active + step + options.length) % options.length);
    } else if (event.key === "Enter") {
      event.preventDefault();
      event.stopPropagation();
      if (options[active]) choose(options[active]);
    } else if (event.key === "Escape") {
      event.stopPropagation();
      show(false);
    }
  });
  return h("div", { class: "combo" }, box, list);
}
