// A surface is where blocks stand: a modal or a message. It is an object with
//   kept(block, element)            the state that someone gave this element, or undefined
//   remember(block, element, state) keeps it, in the shape of Slack's `state.values`
//   act(block, element, state)      reports it to the app (block_actions)
//   options(block, element, text)   asks the app for options (block_suggestion)
//   confirm(confirmObject)          asks the person first; resolves to true or false
//   submit()                        submits; modals only

/** What names and describes a field to a screen reader. */
export const named = (label, fallback) => ({
  "aria-labelledby": label?.id ?? null,
  "aria-label": label?.id ? null : fallback,
  "aria-describedby": label?.describedBy ?? null,
});

/** Does a change of this element tell the app at once? In an input only when it asks for it. */
const dispatches = (block) => block.type !== "input" || block.dispatch_action === true;

/** Which keys make a text field report at once. */
export const triggers = (element) =>
  element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];

/** The state to start from: what the surface kept, else `first`, which it then keeps. */
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
