// Messages in the page's address, and the light on the message that a link leads to.

/** Return the message in the page's address, which a permalink put there: [channel, ts]. */
export function takeLinkedMessage() {
  const wanted = new URLSearchParams(location.search);
  if (!wanted.has("message")) return null;
  history.replaceState(null, "", "/");
  return [wanted.get("channel"), wanted.get("message")];
}

/** Scroll to a message and light it up. */
export function lightUp(ts) {
  const nodes = [...document.querySelectorAll(`[data-ts="${CSS.escape(ts)}"]`)];
  const node = nodes.find((one) => one.offsetParent !== null) ?? nodes[0];
  node?.scrollIntoView({ block: "center" });
  node?.classList.add("found");
  setTimeout(() => node?.classList.remove("found"), 2500);
}
