// The surface (surface.js) of a view, a modal or the Home tab. It keeps what someone chose by the
// view's id: an update keeps the values of the fields that it still has.

import { askConfirm } from "./dialog.js";
import { forgetGone } from "./modal_fields.js";

export class ViewSurface {
  /**
   * `view()` returns the view in sight, confirmation dialogs appear in `place`, and `send(path,
   * body)` reports to the local Slack. `edited(block)` hears of each change.
   */
  constructor({ view, place, send, edited = () => {}, submit = undefined }) {
    Object.assign(this, { view, place, send, edited, submit });
    this.all = new Map(); // view id -> {block_id: {action_id: state}}
  }

  /** Return the values of the view in sight. */
  get values() {
    const { id } = this.view();
    const values = this.all.get(id) ?? {};
    this.all.set(id, values);
    return values;
  }

  /** Forget the values of all views but these, and of the fields that the view in sight lost. */
  forgetAllBut(ids) {
    for (const id of this.all.keys()) if (!ids.has(id)) this.all.delete(id);
  }

  forgetGone() {
    forgetGone(this.view(), this.values);
  }

  kept(block, element) {
    return this.values[block.block_id]?.[element.action_id];
  }

  remember(block, element, state) {
    (this.values[block.block_id] ??= {})[element.action_id] = state;
    this.edited(block);
  }

  async act(block, element, state) {
    const body = { ...this.named(block, element), element: state, values: this.values };
    await this.send("/people/actions", body);
  }

  async options(block, element, value) {
    return optionsIn(await this.send("/people/options", { ...this.named(block, element), value }));
  }

  confirm(confirm) {
    return askConfirm(this.place, confirm);
  }

  named(block, element) {
    return {
      view_id: this.view().id,
      block_id: block.block_id,
      action_id: element.action_id,
    };
  }
}

/** Return the options in an answer, or null if the app gave none. */
export function optionsIn(answer) {
  return !answer || answer.ack?.failure ? null : answer.options;
}
