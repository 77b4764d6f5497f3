// Draws the made-up shop behind the messenger; nothing in it works.

import { h, icon } from "./dom.js";

export function drawShop() {
  const thing = (name, price, shape) =>
    h(
      "div",
      { class: "product" },
      h("div", { class: `product-shape shape-${shape}` }),
      h("span", {}, name),
      h("strong", {}, price),
    );
  return h(
    "div",
    { class: "shop", "aria-label": "The shop’s page", role: "img" },
    h(
      "div",
      { class: "shop-head" },
      icon("bag"),
      h("strong", {}, "Fern & Fable"),
      h("span", {}, "Lamps"),
      h("span", {}, "Chairs"),
      h("span", {}, "Sale"),
    ),
    h(
      "div",
      { class: "shop-row" },
      thing("Arc lamp", "€ 89", "lamp"),
      thing("Oak stool", "€ 64", "stool"),
      thing("Round vase", "€ 28", "vase"),
    ),
  );
}
