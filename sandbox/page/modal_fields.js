// A modal's fields: which values stay after an update, what is missing, and where the caret was.

const FIELDS = "input, textarea, select, button";
const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** Check what Slack checks before it sends a submission to the app: {block_id: sentence}. */
export function findProblems(view, values) {
  const found = {};
  for (const block of view.blocks) {
    if (block.type !== "input") continue;
    const problem = judge(block, values[block.block_id]?.[block.element.action_id] ?? {});
    if (problem) found[block.block_id] = problem;
  }
  return found;
}

/** Find dates and times that are filled in only in part; their value would be empty. */
export function findUnfinished(body) {
  const found = {};
  for (const place of body.querySelectorAll(".when, .moment")) {
    const fields = place.matches(".when") ? [place] : [...place.querySelectorAll("input")];
    const filled = fields.filter((field) => field.value !== "").length;
    const partly = filled > 0 && filled < fields.length;
    if (partly || fields.some((field) => field.validity.badInput))
      found[place.closest("[data-block]").dataset.block] =
        "Please complete the date and time, or clear both.";
  }
  return found;
}

/** Forget the values of inputs that an updated view no longer has, as Slack does. */
export function forgetGone(view, values) {
  const present = new Set();
  for (const block of view.blocks) {
    for (const part of [block.element, block.accessory, ...(block.elements ?? [])]) {
      if (part?.action_id) present.add(`${block.block_id}\n${part.action_id}`);
    }
  }
  for (const [block, actions] of Object.entries(values)) {
    for (const action of Object.keys(actions)) {
      if (!present.has(`${block}\n${action}`)) delete actions[action];
    }
    if (!Object.keys(actions).length) delete values[block];
  }
}

/** Remember the focused field; the returned function restores focus and caret after a redraw. */
export function holdFocus(body) {
  const field = document.activeElement;
  const block = body.contains(field) ? field.closest("[data-block]")?.dataset.block : undefined;
  if (block === undefined) return null;
  const place = [...field.closest("[data-block]").querySelectorAll(FIELDS)].indexOf(field);
  const { selectionStart, selectionEnd } = field;
  return () => {
    if (field.isConnected) return;
    const again = body
      .querySelector(`[data-block="${CSS.escape(block)}"]`)
      ?.querySelectorAll(FIELDS)[place];
    again?.focus();
    if (typeof selectionStart === "number")
      again?.setSelectionRange?.(selectionStart, selectionEnd);
  };
}

function judge(block, state) {
  const { element } = block;
  const { type, ...rest } = state;
  const [value] = Object.values(rest);
  const empty = value === null || value === undefined || (Array.isArray(value) && !value.length);
  if (empty) return block.optional ? null : "Please complete this required field.";
  if (typeof value !== "string") return null;
  const length = [...value].length;
  if (type === "email_text_input" && !EMAIL.test(value))
    return "Please enter a valid email address.";
  if (element.max_length && length > element.max_length)
    return `Please use at most ${element.max_length.toLocaleString("en")} characters.`;
  if (element.min_length && length < element.min_length)
    return `Please use at least ${element.min_length} characters.`;
  return null;
}
