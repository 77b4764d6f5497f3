// What to expect of each switch at each stage of a message. This module calls nothing.

export const STAGES = {
  before: "Before Send",
  waiting: "After Send",
  after: "Switched off again",
};

/** The sentences by the name of the switch (switches.js). In quotation marks: what the bot says. */
export const EXPECT = {
  "genesys Slow": {
    before: "The form opens at once, and shows the customer about 5 seconds later.",
    waiting: "The card stays at “Sending” for some seconds. The message still goes out once.",
    after: "Everything is quick again; nothing is repeated.",
  },
  "genesys Rate limits (429)": {
    before: "The form looks for some seconds, then says that Genesys Cloud is busy. Send works.",
    waiting:
      "The card checks the customer, then says that it waits for Genesys Cloud. Nothing has gone out, and you can still stop it.",
    after: "The bot’s next try looks the customer up and sends once, within a minute.",
  },
  "genesys Away (503)": {
    before:
      "The form looks for some seconds, then says “Genesys Cloud is having problems.” Send works.",
    waiting:
      "The card says “Checking the customer…”, then “Waiting for Genesys Cloud”. Nothing has gone out, and “Cancel” still stops it.",
    after: "The bot’s next try looks the customer up and sends once, within a minute.",
  },
  "genesys Cut before the work, once": {
    before: "Nothing is different: the cut waits for the send itself.",
    waiting:
      "The card checks for two minutes whether the message went out. Then it says “Uncertain” and mentions you: look, then choose a button.",
    after: "It switches itself off. “Send anyway” sends the message for the first time.",
  },
  "genesys Cut after the work, once": {
    before: "Nothing is different: the cut waits for the send itself.",
    waiting: "The message arrives once on the customer’s side. The card checks, and finds it.",
    after: "It switches itself off, and the card goes on to “Read” as always.",
  },
  "genesys Token expired, once": {
    before: "Whatever the bot asks next is refused. It gets a new token, and you see the customer.",
    waiting: "If the token expires at the send, the message goes out once with a new token.",
    after: "It switches itself off.",
  },
  "genesys Analytics 30 seconds late": {
    before: "The form may not know yet of a chat that has just begun.",
    waiting: "The card says “Sent” at once, but “Read” or a reply about 30 seconds later.",
    after: "The news that was held back appears with the next look.",
  },
  "slack Refuses posts": {
    before: "The form works as always: it is no post.",
    waiting: "The customer gets the message. No card appears; only you are told why.",
    after: "Messages from now on have a card again.",
  },
  "slack Posts fail (503)": {
    before: "The form works as always: it is no post.",
    waiting: "The customer gets the message once, but the card doesn’t appear or stands still.",
    after: "The card appears, or catches up, within a minute. There is one card only.",
  },
  "slack Slow": {
    before: "The form opens after two seconds, and shows the customer some seconds later.",
    waiting: "The message is on the customer’s side before the card says so.",
    after: "Everything is quick again; nothing is lost or doubled.",
  },
  "slack #support is shared with Acme": {
    before: "The command is refused in #support, because Pia of another company reads along.",
    waiting: "What you have already sent goes on. The bot refuses Pia’s clicks on its card.",
    after: "The command works in #support again.",
  },
};
