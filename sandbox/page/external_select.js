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
  let asked = null; // what the app was asked last

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
    if (open) list.scrollIntoView({ block: "nearest" });
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
    list.children[index]?.scrollIntoView({ block: "nearest" });
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
        h("span", { class: "option-text" }, option.text.text),
        option.description
          ? h("span", { class: "option-hint" }, option.description.text)
          : null,
      ),
    );
    fill(list, items.length ? items : h("li", { class: "options-note" }, note));
    show(true);
    mark(items.length ? 0 : -1); // as in Slack, Enter takes the first
  };
  const search = async (text) => {
    if (text.length < fewest) {
      options = [];
      draw(`Type at least ${fewest} character${fewest === 1 ? "" : "s"}`);
      return;
    }
    asked = text;
    if (!options.length) draw("Loading…");
    const found = await surface.options(block, element, text);
    if (text !== asked || document.activeElement !== box) return;
    options = found ?? [];
    draw(found ? "No results" : "The app didn’t answer. Type again to retry.");
  };

  box.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(() => search(box.value), PAUSE);
  });
  box.addEventListener("focus", () => box.select()); // so that typing begins a new search
  box.addEventListener("click", () => {
    if (fewest === 0 && list.hidden) search("");
  });
  box.addEventListener("blur", () => {
    clearTimeout(timer);
    show(false);
    if (box.value === "" && state.selected_option) choose(null);
    else box.value = state.selected_option?.text.text ?? "";
  });
  box.addEventListener("keydown", (event) => {
    if (list.hidden) {
      if (event.key !== "ArrowDown") return;
      event.preventDefault();
      search(fewest === 0 ? "" : box.value);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
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
