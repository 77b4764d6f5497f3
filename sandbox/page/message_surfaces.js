// The surfaces (surface.js) of messages, which keep what someone chose in a message's fields.

import { askConfirm } from "./dialog.js";
import { optionsIn } from "./view_surface.js";

export class MessageSurfaces {
  /** Confirmation dialogs appear in `layers`; `send(path, body)` reports to the local Slack. */
  constructor(layers, send) {
    this.layers = layers;
    this.send = send;
    this.values = new Map(); // "channel ts" -> {block_id: {action_id: state}}
  }

  of(channel, message) {
    const name = `${channel} ${message.ts}`;
    const values = this.values.get(name) ?? {};
    this.values.set(name, values);
    const where = (block, element) => ({
      channel,
      ts: message.ts,
      block_id: block.block_id,
      action_id: element.action_id,
    });
    return {
      kept: (block, element) => values[block.block_id]?.[element.action_id],
      remember: (block, element, state) => {
        (values[block.block_id] ??= {})[element.action_id] = state;
      },
      act: (block, element, state) =>
        this.send("/people/actions", { ...where(block, element), element: state, values }),
      options: async (block, element, value) =>
        optionsIn(await this.send("/people/options", { ...where(block, element), value })),
      confirm: (confirm) => askConfirm(this.layers, confirm),
    };
  }
}
