// The Home tab of the app: a view that the bot publishes for each person.

import { drawBlock } from "./blocks.js";
import { fill, h, icon, reconcile } from "./dom.js";
import { holdFocus } from "./modal_fields.js";
import { ViewSurface } from "./view_surface.js";

export class Home {
  /** Confirmation dialogs appear in `place`; `send(path, body)` reports to the local Slack. */
  constructor({ place, send }) {
    this.view = null;
    this.surface = new ViewSurface({ view: () => this.view, place, send });
    this.blocks = h("div", { class: "home-blocks" });
    this.trouble = h("div", { class: "trouble", role: "alert" });
    this.node = h(
      "div",
      { class: "home", role: "tabpanel", "aria-label": "Home", tabindex: "0", hidden: true },
      this.trouble,
      this.blocks,
    );
  }

  /** Draw what the bot has published for this person, null if nothing yet. */
  draw(view) {
    this.view = view;
    fill(this.trouble, view?.trouble ? [icon("warning"), view.trouble] : null);
    if (!view) {
      fill(this.blocks, h("div", { class: "empty" }, "The app has published nothing here yet."));
      return;
    }
    this.surface.forgetAllBut(new Set([view.id]));
    this.surface.forgetGone();
    const held = holdFocus(this.blocks);
    reconcile(this.blocks, view.blocks, {
      key: (block) => block.block_id ?? JSON.stringify(block),
      signature: (block) => JSON.stringify(block),
      draw: (block) => drawBlock(block, this.surface),
    });
    held?.();
  }
}
