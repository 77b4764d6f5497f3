// What one person knows of the local Slack: the workspace, its messages, their open modals. Loads it,
// keeps it fresh, and sends what they do. It draws nothing.

import { at, coalesce, follow, get, post, Refused } from "./api.js";
import { directory } from "./directory.js";

const KEPT_USER = "sandbox.user";

export class Workspace {
  /** `changed()` after each refresh, `connected(bool)` about the line, `refused(sentence)`. */
  constructor({ changed, connected, refused }) {
    Object.assign(this, { changed, connected, refused });
    this.user = sessionStorage.getItem(KEPT_USER) ?? "";
    this.team = "";
    this.users = [];
    this.channels = [];
    this.commands = [];
    this.shortcuts = []; // those of messages
    this.views = [];
    this.messages = new Map(); // channel id -> messages, replies included
    this.seen = new Map(); // channel id -> the newest ts that was looked at
    this.dismissed = new Set(); // ephemeral messages that were waved away
    this.refresh = coalesce(() => this.load());
  }

  /** Become someone: load the workspace as they see it and follow their events. */
  async become(user) {
    this.stop?.();
    const known = await get("/people/workspace" + (user ? asUser(user) : ""));
    this.user = known.me;
    sessionStorage.setItem(KEPT_USER, this.user);
    this.team = known.team.name;
    this.users = known.users.map((one) => ({ ...one, name: one.real_name || one.name }));
    this.channels = known.channels;
    this.commands = known.commands;
    this.shortcuts = known.shortcuts.filter((one) => one.type === "message");
    this.messages.clear();
    this.seen.clear();
    this.views = [];
    directory.me = this.user;
    directory.users = new Map(this.users.map((one) => [one.id, one]));
    directory.channels = new Map(this.channels.map((one) => [one.id, one]));
    this.stop = follow("/people/events" + asUser(this.user), this.refresh, this.connected);
  }

  async load() {
    const { user } = this;
    try {
      const [views, ...lists] = await Promise.all([
        get("/people/views" + asUser(user)),
        ...this.channels.map((one) =>
          get(at("people", "channels", one.id, "messages") + asUser(user)),
        ),
      ]);
      if (user !== this.user) return;
      this.views = views.views;
      this.channels.forEach(({ id }, index) => this.keep(id, lists[index].messages));
      this.changed();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the line says that nobody answers
    }
  }

  keep(channel, messages) {
    this.messages.set(
      channel,
      messages.filter((message) => !this.dismissed.has(message.ts)),
    );
    if (!this.seen.has(channel)) this.look(channel);
  }

  /** Everything in a channel, or what stands at its top level, or the replies to one message. */
  all(channel) {
    return this.messages.get(channel) ?? [];
  }

  top(channel) {
    return this.all(channel).filter(
      (one) => !one.thread_ts || one.thread_ts === one.ts || one.broadcast,
    );
  }

  /** The lasting replies; Slack does not count what only one person sees. */
  replies(channel, ts) {
    return this.all(channel).filter(
      (one) => one.thread_ts === ts && one.ts !== ts && !one.ephemeral,
    );
  }

  /** Count everything up to now as looked at. */
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

  /** Send what this person did; the answer, or null when it was refused (and said). */
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

const asUser = (user) => `?user=${encodeURIComponent(user)}`;
