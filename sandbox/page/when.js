// Draws date and time elements with the browser's own pickers.

import { h } from "./dom.js";
import { changed, named, starting } from "./surface.js";

/** datetimepicker (unix seconds), datepicker and timepicker. */
export function drawWhen(element, block, surface, label) {
  const { field, key, initial, read, write } = WHEN[element.type];
  const state = starting(block, element, surface, {
    type: element.type,
    [key]: element[initial] ?? null,
  });
  const input = h("input", {
    class: "field when",
    type: field,
    value: state[key] === null ? "" : write(state[key]),
    ...named(label, "When"),
    on: {
      change: () =>
        changed(block, element, surface, {
          type: element.type,
          [key]: input.value ? read(input.value) : null,
        }),
    },
  });
  return input;
}

const local = (seconds) =>
  new Date(seconds * 1000 - new Date(seconds * 1000).getTimezoneOffset() * 60_000)
    .toISOString()
    .slice(0, 16);
const asIs = (value) => value;
const WHEN = {
  datetimepicker: {
    field: "datetime-local",
    key: "selected_date_time",
    initial: "initial_date_time",
    read: (text) => Math.floor(new Date(text).getTime() / 1000),
    write: local,
  },
  datepicker: {
    field: "date",
    key: "selected_date",
    initial: "initial_date",
    read: asIs,
    write: asIs,
  },
  timepicker: {
    field: "time",
    key: "selected_time",
    initial: "initial_time",
    read: asIs,
    write: asIs,
  },
};
