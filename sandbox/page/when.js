// Draws date and time elements with the browser's own pickers. As in Slack, a datetimepicker has
// one for the date and one for the time.

import { h } from "./dom.js";
import { changed, named, starting } from "./surface.js";

const ALONE = {
  datepicker: { field: "date", key: "selected_date", initial: "initial_date" },
  timepicker: { field: "time", key: "selected_time", initial: "initial_time" },
};

/** datepicker and timepicker. */
export function drawWhen(element, block, surface, label) {
  const { field, key, initial } = ALONE[element.type];
  const state = starting(block, element, surface, {
    type: element.type,
    [key]: element[initial] ?? null,
  });
  const input = h("input", {
    class: "field when",
    type: field,
    value: state[key] ?? "",
    ...named(label, "When"),
    on: {
      change: () =>
        changed(block, element, surface, { type: element.type, [key]: input.value || null }),
    },
  });
  return input;
}

/** datetimepicker, whose value is in unix seconds; it has none until both fields are filled in. */
export function drawMoment(element, block, surface, label) {
  const { type } = element;
  const first = { type, selected_date_time: element.initial_date_time ?? null };
  const state = starting(block, element, surface, first);
  const [day, hour] = write(state.selected_date_time);
  const picked = () =>
    changed(block, element, surface, {
      type,
      selected_date_time: read(date.value, time.value),
    });
  const field = (kind, value, words) => {
    const id = `${kind}-${crypto.randomUUID()}`;
    const input = h("input", {
      class: "field",
      type: kind,
      value,
      "aria-labelledby": label ? `${label.id} ${id}` : id,
      "aria-describedby": label?.describedBy ?? null,
      on: { change: picked },
    });
    return [input, h("span", { class: "sr", id }, words)];
  };
  const [date, dateName] = field("date", day, "Date");
  const [time, timeName] = field("time", hour, "Time");
  return h(
    "div",
    { class: "moment", role: "group", ...named(label, "When") },
    [date, dateName],
    [time, timeName],
  );
}

function write(seconds) {
  if (seconds === null) return ["", ""];
  const date = new Date(seconds * 1000);
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16).split("T");
}

const read = (date, time) =>
  date && time ? Math.floor(new Date(`${date}T${time}`).getTime() / 1000) : null;
