// Modals: the top view of the stack, its values and errors, submitting and closing.
//
// As in Slack, views.update keeps what someone typed if block_id and action_id stay the same; a new
// id starts with its initial value. The bot relies on this rule.

import { at } from "./api.js";
import { drawBlock, setError } from "./blocks.js";
import { fill, h, icon, reconcile, trapFocus } from "./dom.js";
import { findProblems, findUnfinished, holdFocus } from "./modal_fields.js";
import { drawText } from "./mrkdwn.js";
import { ViewSurface } from "./view_surface.js";

const TROUBLE = "We had some trouble connecting. Try again?";

export class Modals {
  /**
   * An open modal makes `behind` inert; `send(path, body)` returns null if it was refused;
   * `submitted()` is called after each submission that the bot took.
   */
  constructor({ place, behind, send, submitted }) {
    Object.assign(this, { place, behind, send, submitted });
    this.view = null;
    const edited = (block) => this.forgive(block);
    const submit = () => this.submit();
    this.surface = new ViewSurface({ view: () => this.view, place, send, edited, submit });
    this.localErrors = {};
    this.trouble = null;
    this.busy = false;
    this.cameFrom = null;
  }

  /** Show the last of `views` (the top of the stack), or nothing. */
  show(views) {
    const top = views.at(-1) ?? null;
    this.surface.forgetAllBut(new Set(views.map((view) => view.id)));
    if (!top) return this.remove();
    if (this.view?.id !== top.id) this.open(top);
    this.view = top;
    this.draw();
  }

  remove() {
    if (!this.view) return;
    this.view = null;
    this.layer.remove();
    this.behind.inert = false;
    if (this.cameFrom?.isConnected) this.cameFrom.focus();
    else document.querySelector(".composer-text")?.focus();
  }

  open(view) {
    if (this.view) this.layer.remove();
    else this.cameFrom = document.activeElement;
    this.localErrors = {};
    this.trouble = null;
    this.busy = false;
    this.hadFields = false;
    this.title = h("h2", { class: "dialog-title", id: "modal-title" });
    this.body = h("div", { class: "dialog-body", tabindex: "-1" });
    this.foot = h("div", { class: "dialog-foot" });
    this.dialog = h(
      "div",
      {
        class: "dialog",
        role: "dialog",
        "aria-modal": "true",
        "aria-labelledby": "modal-title",
        tabindex: "-1",
        on: { keydown: (event) => this.pressed(event) },
      },
      h(
        "div",
        { class: "dialog-head" },
        h("span", { class: "app-mark" }, icon("bolt")),
        this.title,
        h(
          "button",
          {
            type: "button",
            class: "icon-button",
            "aria-label": "Close this window",
            on: { click: () => this.close() },
          },
          icon("close"),
        ),
      ),
      this.body,
      this.foot,
    );
    trapFocus(this.dialog, () => this.close());
    this.layer = h("div", { class: "layer" }, this.dialog);
    this.place.append(this.layer);
    this.behind.inert = true;
    this.dialog.focus();
  }

  pressed(event) {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) this.submit();
  }

  draw() {
    const { view } = this;
    fill(this.title, drawText(view.title));
    this.surface.forgetGone();
    const held = holdFocus(this.body);
    reconcile(this.body, view.blocks, {
      key: (block) => block.block_id ?? JSON.stringify(block),
      signature: (block) => JSON.stringify(block),
      draw: (block) => drawBlock(block, this.surface),
    });
    held?.();
    this.drawErrors();
    this.drawFoot();
    this.focusFirst();
  }

  drawErrors() {
    const errors = { ...(this.view.errors ?? {}), ...this.localErrors };
    for (const node of this.body.children) {
      if (node.dataset.block) setError(node, errors[node.dataset.block] ?? null);
    }
  }

  drawFoot() {
    const { view } = this;
    const trouble = this.trouble ?? (view.trouble ? TROUBLE : null);
    const print = JSON.stringify([view.close, view.submit, trouble, this.busy]);
    if (this.foot.dataset.print === print) return;
    this.foot.dataset.print = print;
    const held = this.foot.contains(document.activeElement);
    fill(
      this.foot,
      h("div", { class: "trouble", role: "alert" }, trouble ? [icon("warning"), trouble] : null),
      view.close || !view.submit
        ? h(
            "button",
            { type: "button", class: "button", on: { click: () => this.close() } },
            view.close ? drawText(view.close) : "Close",
          )
        : null,
      view.submit
        ? h(
            "button",
            {
              type: "button",
              class: `button button-primary submit${this.busy ? " busy" : ""}`,
              disabled: this.busy,
              "aria-busy": String(this.busy),
              on: { click: () => this.submit() },
            },
            drawText(view.submit),
          )
        : null,
    );
    if (held) (this.foot.querySelector(".submit:not(:disabled)") ?? this.dialog).focus();
  }

  /** Focus the first field, also if the fields arrive after a "loading" view. */
  focusFirst() {
    const fields = this.body.querySelectorAll("input, textarea, select");
    if (fields.length && !this.hadFields) {
      (this.body.querySelector("[data-first]") ?? fields[0]).focus();
      this.hadFields = true;
    } else if (!this.layer.contains(document.activeElement)) {
      this.dialog.focus();
    }
  }

  /** Remove the error of a block that someone has changed. */
  forgive(block) {
    if (!this.localErrors[block.block_id]) return;
    delete this.localErrors[block.block_id];
    this.drawErrors();
  }

  // ---- what the two buttons do

  async submit() {
    if (this.busy || !this.view.submit) return;
    const { id } = this.view;
    this.localErrors = {
      ...findProblems(this.view, this.surface.values),
      ...findUnfinished(this.body),
    };
    this.drawErrors();
    if (Object.keys(this.localErrors).length) {
      this.body.querySelector(".has-error input, .has-error textarea, .has-error select")?.focus();
      return;
    }
    this.setBusy(true);
    this.trouble = null;
    const answer = await this.send(at("people", "views", id, "submit"), {
      values: this.surface.values,
    });
    if (answer && !["errors", "trouble"].includes(answer.result)) this.submitted();
    if (this.view?.id !== id) return;
    this.trouble = answer?.result === "trouble" || answer === null ? TROUBLE : null;
    if (answer?.errors) this.view = { ...this.view, errors: answer.errors };
    this.setBusy(false);
    this.drawErrors();
    if (answer?.result === "errors")
      this.body.querySelector(".has-error input, .has-error textarea")?.focus();
  }

  async close() {
    const { id } = this.view;
    await this.send(at("people", "views", id, "close"), {});
  }

  setBusy(busy) {
    this.busy = busy;
    this.drawFoot();
  }
}
