// The switches: faults and settings of both stand-ins, each with a sentence for the person who flips
// it. This module calls nothing.

// A stand-in reports how many `times` a fault has left. So a permanent fault is ordered with the
// highest number, and the difference is how often it struck.
const STANDING = 1_000_000;

const SEND = "POST /api/v2/conversations/messages/agentless";
const GENESYS_CALLS = "/api/v2/";
const ANY_SLACK_METHOD = ".";

export const SWITCHES = [
  {
    side: "genesys",
    title: "Slow",
    about:
      "Every answer takes 5 seconds longer; the agent waits longer for the look-up and the outcome, and the message still goes out once.",
    fault: { where: GENESYS_CALLS, kind: "latency", seconds: 5 },
  },
  {
    side: "genesys",
    title: "Rate limits (429)",
    about:
      "Every call is refused with “try again in 2 seconds”; the agent sees the message wait, and it goes out once when you switch this off.",
    fault: { where: GENESYS_CALLS, kind: "status", status: 429, retry_after: 2 },
  },
  {
    side: "genesys",
    title: "Away (503)",
    about:
      "Every call fails; the agent reads that Genesys Cloud does not answer, and what waits goes on when you switch this off.",
    fault: { where: "/", kind: "status", status: 503 },
  },
  {
    side: "genesys",
    title: "Cut before the work, once",
    about:
      "The connection breaks before Genesys Cloud has done anything; the bot looks for the message for two minutes, then the agent sees “Uncertain” with three buttons.",
    fault: { where: SEND, kind: "cut_before", times: 1 },
    armed: "Waits for the next send",
  },
  {
    side: "genesys",
    title: "Cut after the work, once",
    about:
      "The next message is taken but the answer is lost; the bot finds it in Genesys Cloud, and the agent sees it accepted, once on the customer’s side.",
    fault: { where: SEND, kind: "cut_after", times: 1 },
    armed: "Waits for the next send",
  },
  {
    side: "genesys",
    title: "Token expired, once",
    about:
      "The next call is refused because its token has ended; the bot gets a new one, and the agent notices nothing.",
    fault: { where: GENESYS_CALLS, kind: "expired_token", times: 1 },
    armed: "Waits for the next call",
  },
  {
    side: "genesys",
    title: "Analytics 30 seconds late",
    about:
      "What happens shows up 30 seconds later; the agent learns of delivery and answers that much later, and nothing else changes.",
    setting: "analytics_delay_seconds",
    value: 30,
  },
  {
    side: "slack",
    title: "Refuses posts",
    about:
      "Every new message of the bot is refused, as in a channel where it may not post; the customer still gets the message, and the agent is told in private.",
    fault: {
      where: "chat.postMessage",
      kind: "status",
      status: 400,
      body: { ok: false, error: "restricted_action" },
    },
  },
  {
    side: "slack",
    title: "Posts fail (503)",
    about:
      "Every post and every edit fails; the customer still gets the message once, and the card catches up when you switch this off.",
    fault: { where: "chat.", kind: "status", status: 503 },
  },
  {
    side: "slack",
    title: "Slow",
    about:
      "Every answer takes 2 seconds longer; windows and cards appear late, and nothing is lost or doubled.",
    fault: { where: ANY_SLACK_METHOD, kind: "latency", seconds: 2 },
  },
  {
    side: "slack",
    title: "#support is shared with Acme",
    about:
      "Pia of another organisation joins #support; the bot refuses her clicks on the cards there, and agents can no longer start from that channel.",
    setting: "support_is_shared",
    value: true,
  },
].map((one) => ({ ...one, name: `${one.side} ${one.title}` }));

/** The permissions that the bot's role may lack, with what each is for. */
export const PERMISSIONS = new Map([
  ["externalContacts:contact:view", "Find the customer"],
  ["analytics:conversationDetail:view", "See the customer’s conversations"],
  ["webDeployments:deployment:view", "See the web deployment"],
  ["webDeployments:identityResolution:view", "Let the doctor check identity resolution"],
  ["responses:library:view", "List the libraries of templates"],
  ["responses:response:view", "Read the templates"],
  ["conversation:message:create", "Send the message"],
  ["conversation:message:view", "Read why a message failed, and what was replied"],
]);

/** Return a fault as it's ordered, with how often it may strike. */
export const order = (fault) => ({ times: STANDING, ...fault });

/** Tell whether an active fault, as the stand-in lists it, is the one that the switch orders. */
export const isOrdered = (standing, fault) => print(standing) === print(fault);

const print = ({ where, kind, status, retry_after, seconds, body }) =>
  JSON.stringify([where, kind, status ?? null, retry_after ?? null, seconds || 0, body ?? null]);

/** Return how often an active fault struck, or null if it isn't counted. */
export const strikes = (standing) =>
  standing.times !== null && standing.times > STANDING / 2 ? STANDING - standing.times : null;

/**
 * Sort faults in the order in which they must be ordered. Only the oldest fault that matches a call
 * strikes, so one that strikes once goes before one that always refuses, and delays come last.
 */
export const byPrecedence = (one, other) => rank(one) - rank(other);

const rank = (fault) => {
  if (fault.times !== null && strikes(fault) === null) return 0;
  return fault.kind === "latency" || fault.kind === "slow_answer" ? 2 : 1;
};
