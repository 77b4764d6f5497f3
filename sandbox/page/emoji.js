// The emoji that a support channel uses. Those that show a state are drawings, so that they look the
// same on machines without an emoji font. Unknown names stay as typed.

import { h, icon } from "./dom.js";

const DRAWN = {
  white_check_mark: ["ok", "good"],
  heavy_check_mark: ["check", "good"],
  warning: ["warning", "warn"],
  x: ["cross", "bad"],
  no_entry: ["cross", "bad"],
  no_entry_sign: ["cross", "bad"],
  hourglass: ["clock", "calm"],
  hourglass_flowing_sand: ["clock", "calm"],
  clock3: ["clock", "calm"],
  information_source: ["info", "calm"],
  speech_balloon: ["chat", "calm"],
  eyes: ["eye", "calm"],
  lock: ["lock", "calm"],
  bust_in_silhouette: ["person", "calm"],
  zap: ["bolt", "warn"],
};
const WRITTEN = {
  wave: "👋",
  "+1": "👍",
  thumbsup: "👍",
  smile: "😄",
  slightly_smiling_face: "🙂",
  tada: "🎉",
  rocket: "🚀",
  bell: "🔔",
  mailbox: "📫",
  email: "✉️",
  envelope: "✉️",
  phone: "☎️",
  telephone_receiver: "📞",
  package: "📦",
  heart: "❤️",
  fire: "🔥",
  star: "⭐",
  pray: "🙏",
  calendar: "📅",
  mag: "🔍",
  link: "🔗",
  pencil2: "✏️",
  question: "❓",
  exclamation: "❗",
  arrow_right: "➡️",
  robot_face: "🤖",
};

/** Draw an emoji by its short name, or return null if it's unknown. */
export function drawEmoji(name) {
  const label = `${name.replaceAll("_", " ")} emoji`;
  if (Object.hasOwn(DRAWN, name)) {
    const [drawing, tone] = DRAWN[name];
    return h("span", { class: `emoji emoji-${tone}`, title: `:${name}:` }, icon(drawing, label));
  }
  if (Object.hasOwn(WRITTEN, name)) {
    return h(
      "span",
      { class: "emoji", role: "img", "aria-label": label, title: `:${name}:` },
      WRITTEN[name],
    );
  }
  return null;
}

/** Split text at `:name:` and draw the known ones. */
export function withEmoji(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(/:([a-z0-9_+-]+):/g)) {
    const drawn = drawEmoji(match[1]);
    if (!drawn) continue;
    parts.push(text.slice(from, match.index), drawn);
    from = match.index + match[0].length;
  }
  parts.push(text.slice(from));
  return parts;
}
