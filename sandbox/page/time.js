// Formats times as Slack does: in the reader's time zone, recent days by name.

const LANGUAGE = navigator.language.startsWith("en") ? navigator.language : "en-GB";
const show = (options) => new Intl.DateTimeFormat(LANGUAGE, options);
const CLOCK = show({ hour: "numeric", minute: "2-digit" });
const SECONDS = show({ hour: "numeric", minute: "2-digit", second: "2-digit" });
const DAY = show({ weekday: "long", month: "long", day: "numeric" });
const FULL = show({ dateStyle: "full", timeStyle: "medium" });
const DATE = {
  date: { year: "numeric", month: "long", day: "numeric" },
  date_short: { year: "numeric", month: "short", day: "numeric" },
  date_long: { weekday: "long", year: "numeric", month: "long", day: "numeric" },
};

export const clock = (date) => CLOCK.format(date);
export const exactClock = (date) => SECONDS.format(date);
export const full = (date) => FULL.format(date);
export const fromTs = (ts) => new Date(Number(ts) * 1000);

function daysAgo(date) {
  const midnight = (day) => new Date(day.getFullYear(), day.getMonth(), day.getDate());
  return Math.round((midnight(new Date()) - midnight(date)) / 86_400_000);
}

const NEAR = new Map([
  [0, "today"],
  [1, "yesterday"],
  [-1, "tomorrow"],
]);

/** "Today", "Yesterday" or "Monday, June 1". */
export function dayName(date) {
  const near = NEAR.get(daysAgo(date));
  return near ? near[0].toUpperCase() + near.slice(1) : DAY.format(date);
}

/** "9:41 AM" today, "Yesterday 9:41 AM", else with the date. */
export function shortTime(date) {
  const days = daysAgo(date);
  if (days === 0) return clock(date);
  const near = { month: "short", day: "numeric", year: days > 180 ? "numeric" : undefined };
  const day = NEAR.get(days) ? dayName(date) : show(near).format(date);
  return `${day}, ${clock(date)}`;
}

export function ago(date) {
  const seconds = Math.round((Date.now() - date.getTime()) / 1000);
  for (const [size, unit] of [
    [86_400, "day"],
    [3600, "hour"],
    [60, "minute"],
  ]) {
    const count = Math.floor(Math.abs(seconds) / size);
    if (count === 0) continue;
    const words = `${count} ${unit}${count === 1 ? "" : "s"}`;
    return seconds < 0 ? `in ${words}` : `${words} ago`;
  }
  return "just now";
}

function token(name, date) {
  if (name === "time") return clock(date);
  if (name === "time_secs") return SECONDS.format(date);
  if (name === "ago") return ago(date);
  if (name === "date_num") {
    const two = (number) => String(number).padStart(2, "0");
    return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  }
  const plain = name.replace(/_pretty$/, "");
  if (!(plain in DATE)) return `{${name}}`;
  const near = name.endsWith("_pretty") ? NEAR.get(daysAgo(date)) : undefined;
  return near ?? show(DATE[plain]).format(date);
}

/** Fill in Slack's date tokens, such as `{date_short_pretty} at {time}`. */
export function formatDate(seconds, format, fallback) {
  const date = new Date(Number(seconds) * 1000);
  if (Number.isNaN(date.getTime())) return fallback;
  const text = format.replace(/\{(\w+)\}/g, (_, name) => token(name, date));
  return text.charAt(0).toUpperCase() + text.slice(1);
}
