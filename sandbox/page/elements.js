// Draws the interactive elements of blocks, by type. surface.js has what they share.

import { drawCheckboxes, drawPlaceSelect, drawRadio, drawStaticSelect } from "./choices.js";
import { h } from "./dom.js";
import { drawExternalSelect } from "./external_select.js";
import { drawText, openLink } from "./mrkdwn.js";
import { drawTextInput } from "./text_input.js";
import { drawMoment, drawWhen } from "./when.js";

/** Draw one element; `label` is {id, describedBy} of the text around it. */
export function drawElement(element, block, surface, label) {
  const kind = KINDS[element.type];
  if (!kind)
    return h("span", { class: "not-drawn" }, `This stand-in does not draw “${element.type}”.`);
  return kind(element, block, surface, label);
}

function drawButton(element, block, surface) {
  const style =
    element.style === "primary" || element.style === "danger" ? ` button-${element.style}` : "";
  const press = async (event) => {
    const button = event.currentTarget;
    if (element.confirm && !(await surface.confirm(element.confirm))) return;
    if (element.url) openLink(element.url);
    button.disabled = true;
    button.classList.add("busy");
    await surface.act(block, element, { type: "button", value: element.value, text: element.text });
    button.disabled = false;
    button.classList.remove("busy");
  };
  return h(
    "button",
    {
      type: "button",
      class: `button${style}`,
      "aria-label": element.accessibility_label,
      on: { click: press },
    },
    drawText(element.text),
  );
}

/** Show an image's text, because the page may not load images from other sites. */
export function drawImage(element) {
  return h(
    "span",
    {
      class: "picture",
      role: "img",
      "aria-label": element.alt_text,
      title: "The sandbox loads no pictures",
    },
    element.alt_text || "Picture",
  );
}

const KINDS = {
  button: drawButton,
  plain_text_input: drawTextInput,
  email_text_input: drawTextInput,
  url_text_input: drawTextInput,
  number_input: drawTextInput,
  radio_buttons: drawRadio,
  checkboxes: drawCheckboxes,
  static_select: drawStaticSelect,
  overflow: drawStaticSelect,
  external_select: drawExternalSelect,
  users_select: drawPlaceSelect,
  channels_select: drawPlaceSelect,
  conversations_select: drawPlaceSelect,
  datetimepicker: drawMoment,
  datepicker: drawWhen,
  timepicker: drawWhen,
  image: drawImage,
};
