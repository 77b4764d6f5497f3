// Keeps a list that's read at its end there when it gets more or less room.

const NEAR = 80; // pixels from the end that still count as the end

export function isAtEnd(list) {
  return list.scrollHeight - list.scrollTop - list.clientHeight < NEAR;
}

/** Return the list. While it's hidden it has no room, so it's at its end when it comes into view. */
export function keepAtEnd(list) {
  let atEnd = true;
  list.addEventListener("scroll", () => (atEnd = isAtEnd(list)));
  new ResizeObserver(() => {
    if (atEnd) list.scrollTop = list.scrollHeight;
  }).observe(list);
  return list;
}
