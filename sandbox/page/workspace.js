// The local Slack as one person sees it: workspace, messages and open modals. Loads it, keeps it up
// to date, and sends what the person does. It draws nothing.

import { at, coalesce, follow, get, post, Refused } from "./api.js";
import { directory } from "./directory.js";

const KEPT_USER = "sandbox.user";

export class Workspace {
  /** Calls `changed()` after each refresh, `connected(bool)`, and `refused(sentence)`. */
  constructor({ changed, connected, refused }) {
    Object.assign(this, { changed, connected, refused });
    this.user = sessionStorage.getItem(KEPT_USER) ?? "";
    this.team = "";
    this.users = [];
    this.channels = [];
    this.commands = [];
    this.shortcuts = []; // the message shortcuts
    this.views = [];
    this.hasHome = false; // if the app has a Home tab for this person
    this.home = null; // the view that the bot has published there
    this.messages = new Map(); // channel id -> messages, including replies
    this.seen = new Map(); // channel id -> the newest ts that the person has seen
    this.dismissed = new Set(); // ephemeral messages that the person has dismissed
    this.refresh = coalesce(() => this.load());
  }

  /** Switch to a person: load the workspace as they see it and follow their events. */
  async become(user) {
    this.stop?.();
    const known = await get("/people/workspace" + (user ? asUser(user) : ""));
    this.user = known.me;
    sessionStorage.setItem(KEPT_USER, this.user);
    this.team = known.team.name;
    this.users = known.users;
    this.channels = known.channels;
    this.commands = known.commands;
    this.shortcuts = known.shortcuts.filter((one) => one.type === "message");
    this.messages.clear();
    this.seen.clear();
    this.views = [];
    this.keepHome(await readHome(this.user));
    directory.me = this.user;
    directory.users = new Map(this.users.map((one) => [one.id, one]));
    directory.channels = new Map(this.channels.map((one) => [one.id, one]));
    this.stop = follow("/people/events" + asUser(this.user), this.refresh, this.connected);
  }

  async load() {
    const { user } = this;
    try {
      const [views, home, ...lists] = await Promise.all([
        get("/people/views" + asUser(user)),
        readHome(user),
        ...this.channels.map((one) =>
          get(at("people", "channels", one.id, "messages") + asUser(user)),
        ),
      ]);
      if (user !== this.user) return;
      this.views = views.views;
      this.keepHome(home);
      this.channels.forEach(({ id }, index) => this.keep(id, lists[index].messages));
      this.changed();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the line already says that the sandbox is gone
    }
  }

  keepHome({ has_home, view }) {
    this.hasHome = has_home && this.channels.some((one) => one.is_im);
    this.home = view;
  }

  keep(channel, messages) {
    this.messages.set(
      channel,
      messages.filter((message) => !this.dismissed.has(message.ts)),
    );
    if (!this.seen.has(channel)) this.look(channel);
  }

  /** List everything in a channel, or only its top level, or the replies to one message. */
  all(channel) {
    return this.messages.get(channel) ?? [];
  }

  top(channel) {
    return this.all(channel).filter(
      (one) => !one.thread_ts || one.thread_ts === one.ts || one.broadcast,
    );
  }

  /** List the replies without ephemeral ones, which Slack doesn't count. */
  replies(channel, ts) {
    return this.all(channel).filter(
      (one) => one.thread_ts === ts && one.ts !== ts && !one.ephemeral,
    );
  }

  /** Mark everything up to now as seen. */
  look(channel) {
    this.seen.set(channel, this.all(channel).at(-1)?.ts ?? "0");
  }

  unread(channel) {
    const seen = this.seen.get(channel) ?? "0";
    return this.all(channel).filter((one) => one.ts > seen && one.user !== this.user).length;
  }

  dismiss(message) {
    this.dismissed.add(message.ts);
    this.refresh();
  }

  /** Send what this person did; return the answer, or null if it was refused (the page says so). */
  async send(path, body) {
    try {
      return await post(path, { user: this.user, ...body });
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused(error.message);
      return null;
    } finally {
      this.refresh();
    }
  }
}

/** Read what the bot has published in the Home tab; a person without one has none. */
async function readHome(user) {
  try {
    return await get("/people/home" + asUser(user));
  } catch (error) {
    if (!(error instanceof Refused) || !error.status) throw error;
    return { has_home: false, view: null };
  }
}

const asUser = (user) => `?user=${encodeURIComponent(user)}`;
