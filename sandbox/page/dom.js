// Creates all elements of the page. Text always goes into text nodes, so what a customer, an agent
// or the bot wrote can't become markup.

const SVG = "http://www.w3.org/2000/svg";

/** Create an element. Props: `class`, `on` ({event: handler}), DOM booleans, and plain attributes. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    } else if (name === "class") {
      node.className = value;
    } else if (name === "value") {
      node.value = value;
    } else if (value === true) {
      node.setAttribute(name, "");
    } else {
      node.setAttribute(name, String(value));
    }
  }
  add(node, children);
  return node;
}

/** Append strings (as text), nodes and nested lists; skip empty ones. */
export function add(node, children) {
  for (const child of [children].flat(Infinity)) {
    if (child === null || child === undefined || child === false || child === "") continue;
    node.append(child);
  }
  return node;
}

/** Replace everything inside a node. */
export function fill(node, ...children) {
  node.replaceChildren();
  return add(node, children);
}

/**
 * Make the children of `parent` match `items`, touching only what changed, so that focus, caret,
 * open menus and scroll position survive a refresh.
 */
export function reconcile(parent, items, { key, signature, draw }) {
  const old = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let position = null;
  for (const item of items) {
    const name = key(item);
    const print = signature(item);
    let node = old.get(name);
    if (!node || node.dataset.print !== print) {
      const fresh = draw(item, node ?? null);
      fresh.dataset.key = name;
      fresh.dataset.print = print;
      if (node) node.replaceWith(fresh);
      node = fresh;
    }
    old.delete(name);
    const wanted = position ? position.nextSibling : parent.firstChild;
    if (wanted !== node) parent.insertBefore(node, wanted);
    position = node;
  }
  for (const gone of old.values()) gone.remove();
}

const PATHS = {
  hash: ["M9 4 7 20M17 4l-2 16M4 9h16M3.5 15h16"],
  lock: ["M6 11h12v9H6z", "M8.5 11V8a3.5 3.5 0 0 1 7 0v3"],
  box: ["M4 5h16v4H4z", "M5.5 9v10h13V9", "M10 13h4"],
  horn: ["M4 10v4h3l8 4V6l-8 4z", "M18 9.5a4 4 0 0 1 0 5"],
  send: ["M4 5l16 7-16 7 3-7z", "M7 12h7"],
  close: ["M6 6l12 12M18 6 6 18"],
  more: ["M12 5.5v.01M12 12v.01M12 18.5v.01"],
  reply: ["M5 5h14v10h-8l-4 4v-4H5z", "M9 10h6"],
  eye: [
    "M3 12s3.5-6 9-6 9 6 9 6-3.5 6-9 6-9-6-9-6z",
    "M12 9.5a2.5 2.5 0 1 0 0 5 2.5 2.5 0 0 0 0-5z",
  ],
  bolt: ["M13 3 5 14h6l-1 7 8-11h-6z"],
  down: ["M6 9l6 6 6-6"],
  check: ["M5 12.5l4.5 4.5L19 7.5"],
  warning: ["M12 4 2.5 20h19z", "M12 10v5M12 17.6v.01"],
  cross: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M9 9l6 6M15 9l-6 6"],
  ok: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M8 12.5l3 3 5-6"],
  info: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 11v6M12 7.5v.01"],
  clock: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z", "M12 7v5l3.5 2"],
  bag: ["M5 8h14l-1 12H6z", "M9 8a3 3 0 0 1 6 0"],
  chat: ["M4 5h16v11h-9l-4 4v-4H4z"],
  person: ["M12 4a4 4 0 1 0 0 8 4 4 0 0 0 0-8z", "M4.5 20c1-4 4-5.5 7.5-5.5s6.5 1.5 7.5 5.5"],
  list: ["M4 6h16M4 12h16M4 18h16"],
  copy: ["M9 9h11v11H9z", "M5 15V4h11"],
};

/** Draw an icon, which screen readers skip unless it has a label. */
export function icon(name, label = null) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("class", `icon icon-${name}`);
  if (label) {
    svg.setAttribute("role", "img");
    svg.setAttribute("aria-label", label);
  } else {
    svg.setAttribute("aria-hidden", "true");
  }
  for (const d of PATHS[name] ?? PATHS.info) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", d);
    svg.append(path);
  }
  return svg;
}

/** Draw two letters on a coloured square; the same name always has the same colour. */
export function avatar(name, kind = "person") {
  const words = String(name)
    .replace(/[^\p{L}\p{N} ]/gu, "")
    .trim()
    .split(/\s+/);
  const letters =
    words.length > 1 ? words[0].slice(0, 1) + words.at(-1).slice(0, 1) : words[0].slice(0, 2);
  let sum = 0;
  for (const letter of String(name)) sum = (sum * 31 + letter.codePointAt(0)) % 997;
  return h(
    "span",
    { class: `avatar tone-${sum % 6} avatar-${kind}`, "aria-hidden": "true" },
    kind === "bot" ? icon("bolt") : kind === "shop" ? icon("bag") : letters.toUpperCase() || "?",
  );
}

/** Keep Tab inside a dialog and handle Esc. */
export function trapFocus(dialog, onEscape) {
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      onEscape();
    }
    if (event.key !== "Tab") return;
    const stops = focusStops(dialog);
    if (stops.length === 0) {
      event.preventDefault();
      return;
    }
    const edge = event.shiftKey ? stops[0] : stops.at(-1);
    if (document.activeElement === edge || document.activeElement === dialog) {
      event.preventDefault();
      (event.shiftKey ? stops.at(-1) : stops[0]).focus();
    }
  });
}

/** List what Tab can reach inside a node, in order. */
export function focusStops(node) {
  const all = node.querySelectorAll("a[href], button, input, select, textarea, [tabindex='0']");
  return [...all].filter((stop) => !stop.disabled && stop.offsetParent !== null);
}
