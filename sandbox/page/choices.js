// Draws elements with fixed options: radio_buttons, checkboxes, and the selects with a fixed list.

import { directory } from "./directory.js";
import { h } from "./dom.js";
import { drawText } from "./mrkdwn.js";
import { changed, named, starting } from "./surface.js";

const same = (one, other) => one !== null && one !== undefined && one?.value === other?.value;

function optionText(option) {
  return [
    h("span", { class: "option-text" }, drawText(option.text)),
    option.description ? h("span", { class: "option-hint" }, drawText(option.description)) : null,
  ];
}

export function drawRadio(element, block, surface, label) {
  const state = starting(block, element, surface, {
    type: element.type,
    selected_option: element.initial_option ?? null,
  });
  const group = `radio-${crypto.randomUUID()}`;
  const pick = (option) => () =>
    changed(block, element, surface, { type: element.type, selected_option: option });
  return h(
    "div",
    { class: "choices", role: "radiogroup", ...named(label, "Choose one") },
    (element.options ?? []).map((option) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: "radio",
          name: group,
          checked: same(state.selected_option, option),
          on: { change: pick(option) },
        }),
        h("span", { class: "choice-words" }, optionText(option)),
      ),
    ),
  );
}

export function drawCheckboxes(element, block, surface, label) {
  const state = starting(block, element, surface, {
    type: element.type,
    selected_options: element.initial_options ?? [],
  });
  const chosen = new Set((state.selected_options ?? []).map((option) => option.value));
  const toggle = (option) => (event) => {
    if (event.target.checked) chosen.add(option.value);
    else chosen.delete(option.value);
    const selected = element.options.filter((one) => chosen.has(one.value));
    changed(block, element, surface, { type: element.type, selected_options: selected });
  };
  return h(
    "div",
    { class: "choices", role: "group", ...named(label, "Choose any") },
    (element.options ?? []).map((option) =>
      h(
        "label",
        { class: "choice" },
        h("input", {
          type: "checkbox",
          checked: chosen.has(option.value),
          on: { change: toggle(option) },
        }),
        h("span", { class: "choice-words" }, optionText(option)),
      ),
    ),
  );
}

/** Draw a drop-down of `groups` of {label, options}; `state` converts the chosen option to a state. */
function dropDown(element, block, surface, label, { groups, initial, state, chosen }) {
  const all = groups.flatMap((group) => group.options);
  const kept = chosen(starting(block, element, surface, state(initial)));
  const select = h("select", {
    class: "field select",
    "data-first": element.focus_on_load === true,
    ...named(label, element.placeholder?.text ?? "Choose one"),
    on: {
      change: () => changed(block, element, surface, state(all[Number(select.value)] ?? null)),
    },
  });
  select.append(h("option", { value: "" }, element.placeholder?.text ?? "Select an option"));
  for (const group of groups) {
    const parent = group.label ? h("optgroup", { label: group.label }) : select;
    if (group.label) select.append(parent);
    for (const option of group.options) {
      const index = all.indexOf(option);
      parent.append(h("option", { value: index, selected: same(kept, option) }, option.text.text));
    }
  }
  return select;
}

export function drawStaticSelect(element, block, surface, label) {
  const groups = element.option_groups
    ? element.option_groups.map((group) => ({ label: group.label.text, options: group.options }))
    : [{ label: null, options: element.options ?? [] }];
  return dropDown(element, block, surface, label, {
    groups,
    initial: element.initial_option ?? null,
    state: (option) => ({ type: element.type, selected_option: option }),
    chosen: (state) => state.selected_option,
  });
}

/** Draw users_select, channels_select and conversations_select, whose state is only an id. */
export function drawPlaceSelect(element, block, surface, label) {
  const [kind] = element.type.split("s_select");
  const places = kind === "user" ? directory.users : directory.channels;
  const options = [...places.values()].map((place) => ({
    text: {
      type: "plain_text",
      text: kind === "user" || place.is_im ? place.name : `#${place.name}`,
    },
    value: place.id,
  }));
  return dropDown(element, block, surface, label, {
    groups: [{ label: null, options }],
    initial: options.find((option) => option.value === element[`initial_${kind}`]) ?? null,
    state: (option) => ({ type: element.type, [`selected_${kind}`]: option?.value ?? null }),
    chosen: (state) => ({ value: state[`selected_${kind}`] }),
  });
}
