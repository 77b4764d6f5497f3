// A surface is where blocks are: a modal or a message. It's an object with
//   kept(block, element)            the state that someone gave this element, or undefined
//   remember(block, element, state) keeps the state, in the shape of Slack's `state.values`
//   act(block, element, state)      reports it to the app (block_actions)
//   options(block, element, text)   asks the app for options (block_suggestion); null if it fails
//   confirm(confirmObject)          asks the person first; resolves to true or false
//   submit()                        submits; modals only

/** Return the attributes that name and describe a field to a screen reader. */
export const named = (label, fallback) => ({
  "aria-labelledby": label?.id ?? null,
  "aria-label": label?.id ? null : fallback,
  "aria-describedby": label?.describedBy ?? null,
});

/** Tell whether a change of this element is reported now; in an input only if it asks for that. */
const dispatches = (block) => block.type !== "input" || block.dispatch_action === true;

/** Tell when a text field is reported: on Enter or on every character. */
export const triggers = (element) =>
  element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];

/** Return the state to start with: what the surface kept, else `first`, which it then keeps. */
export function starting(block, element, surface, first) {
  const kept = surface.kept(block, element);
  const state = kept ?? first;
  if (!kept) surface.remember(block, element, state);
  return state;
}

/** Keep a new state, and report it when this block reports changes. */
export function changed(block, element, surface, state) {
  surface.remember(block, element, state);
  if (dispatches(block)) surface.act(block, element, state);
}
