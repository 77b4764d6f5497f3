// The left half: the agents' Slack, as one person sees and uses it.

import { makeComposer } from "./composer.js";
import { directory } from "./directory.js";
import { fill, h } from "./dom.js";
import { Hint } from "./hint.js";
import { drawMessages } from "./messages.js";
import { MessageSurfaces } from "./message_surfaces.js";
import { Modals } from "./modal.js";
import { makeNotice } from "./notice.js";
import { drawSidebar } from "./sidebar.js";
import { makeThread } from "./thread.js";
import { aboutChannel, drawNothingYet, drawWelcome } from "./welcome.js";
import { Workspace } from "./workspace.js";

export class Slack {
  /** `lookAt(text)` shows the customer whose address is in a text. */
  constructor(root, { connected, lookAt }) {
    this.lookAt = lookAt;
    this.workspace = new Workspace({
      changed: () => this.draw(),
      connected,
      refused: (sentence) => this.tell(sentence),
    });
    this.channel = null;
    this.thread = null;
    this.drafts = new Map();
    this.used = false;
    this.linked = takeLinkedMessage();
    this.build(root);
  }

  build(root) {
    this.sidebar = h("nav", { class: "sidebar", "aria-label": "Channels and people" });
    this.head = h("header", { class: "pane-head" });
    this.list = h("div", {
      class: "messages",
      role: "log",
      "aria-label": "Messages",
      tabindex: "0",
    });
    this.notice = makeNotice();
    this.hint = new Hint({
      write: (text) => this.write(text),
      attempt: (one) => this.setUp(one),
    });
    this.composer = makeComposer({
      label: "Message",
      send: (text) => this.say(text),
      commands: () => this.workspace.commands,
    });
    this.pane = makeThread({
      send: (text) => this.reply(text),
      close: () => this.openThread(null),
      context: () => this.context(),
    });
    const channel = h(
      "section",
      { class: "channel", "aria-label": "Channel" },
      this.head,
      this.list,
      this.notice.node,
      this.hint.node,
      this.composer.node,
    );
    const behind = h("div", { class: "slack-panes" }, this.sidebar, channel, this.pane.node);
    this.layers = h("div", { class: "layers" });
    fill(root, behind, this.layers);
    const send = (path, body) => this.workspace.send(path, body);
    this.modals = new Modals({ place: this.layers, behind, send });
    this.surfaces = new MessageSurfaces(this.layers, send);
    directory.openMessage = (channelId, ts) => this.openMessage(channelId, ts);
  }

  /** Switch to a person, or to the last one if `user` is left out. */
  async become(user = this.workspace.user) {
    await this.workspace.become(user);
    if (!directory.channels.has(this.channel)) this.channel = this.workspace.channels[0].id;
    this.thread = null;
    this.modals.show([]);
  }

  draw() {
    const { workspace, channel } = this;
    workspace.look(channel);
    drawSidebar(this.sidebar, {
      workspace,
      channel,
      pick: (id) => this.openChannel(id),
      become: (id) => this.become(id),
      attempt: (one) => this.setUp(one),
    });
    this.drawHead();
    this.drawList(workspace.top(channel));
    this.pane.show(this.thread, workspace.all(channel), this.channelTitle());
    this.drawHint();
    this.modals.show(workspace.views);
    const { linked } = this;
    this.linked = null;
    if (linked) this.openMessage(...linked);
  }

  drawList(messages) {
    const { list } = this;
    const another = this.drawn !== this.channel;
    const atEnd = another || list.scrollHeight - list.scrollTop - list.clientHeight < 80;
    if (another) list.replaceChildren();
    drawMessages(list, messages, this.context());
    if (!messages.length) this.drawEmpty();
    if (atEnd) list.scrollTop = list.scrollHeight;
    this.drawn = this.channel;
  }

  channelTitle() {
    const channel = directory.channels.get(this.channel);
    if (!channel) return "";
    return channel.is_im ? channel.name : `#${channel.name}`;
  }

  drawHead() {
    const channel = directory.channels.get(this.channel);
    if (!channel) return;
    fill(
      this.head,
      h("h2", {}, this.channelTitle()),
      h("span", { class: "about" }, aboutChannel(channel)),
    );
    const words = channel.is_archived
      ? "This channel is archived"
      : `Message ${this.channelTitle()}`;
    this.composer.relabel(words, channel.is_archived);
  }

  /** Show the first step until someone has used a command or the bot has posted. */
  drawHint() {
    const { workspace, channel } = this;
    const spoken = workspace.all(channel).some((message) => message.is_bot);
    const command = this.isKnown() || spoken ? null : workspace.commands[0]?.command;
    this.hint.draw(workspace.user, channel, command);
  }

  drawEmpty() {
    const shortcut = this.workspace.shortcuts[0]?.name;
    fill(this.list, this.isKnown() ? drawNothingYet() : drawWelcome(shortcut));
  }

  isKnown() {
    const channel = directory.channels.get(this.channel);
    return this.used || channel.is_im || channel.is_archived;
  }

  /** Return the context that messages.js needs. */
  context() {
    const { workspace, channel } = this;
    return {
      inThread: false,
      shortcuts: workspace.shortcuts,
      replies: (message) => workspace.replies(channel, message.ts),
      surface: (message) => this.surfaces.of(channel, message),
      openThread: (ts, reply) => this.openThread(ts, reply),
      runShortcut: ({ callback_id }, { ts }) =>
        workspace.send("/people/shortcuts", { callback_id, channel, ts }),
      dismiss: (message) => workspace.dismiss(message),
    };
  }

  openChannel(id, thread = null) {
    if (id !== this.channel) {
      this.drafts.set(this.channel, this.composer.value);
      this.composer.set(this.drafts.get(id) ?? "");
      this.tell("");
    }
    this.channel = id;
    this.thread = thread;
    this.draw();
    this.composer.text.focus();
  }

  /** Write the command with an address, so that a newcomer doesn't have to type it. */
  suggest(address) {
    const command = this.workspace.commands[0]?.command;
    if (command) this.write(`${command} ${address} `);
  }

  /** Become the person of a rule to try, open its channel, and write its text if it has one. */
  async setUp(one) {
    this.hint.attempt = one;
    if (one.user !== this.workspace.user) await this.become(one.user);
    this.openChannel(one.channel);
    if (!one.text) return;
    this.lookAt(one.text);
    this.write(one.text.replace("{command}", this.workspace.commands[0]?.command ?? "/proactive"));
  }

  write(text) {
    this.composer.set(text);
    this.composer.text.focus();
  }

  openThread(ts, reply = false) {
    this.thread = ts;
    this.draw();
    if (reply) this.pane.composer.text.focus();
    else if (!ts) this.composer.text.focus();
  }

  openMessage(channelId, ts) {
    const message = this.workspace.all(channelId).find((one) => one.ts === ts);
    if (!message) return false;
    const reply = message.thread_ts && message.thread_ts !== message.ts;
    this.openChannel(channelId, reply ? message.thread_ts : null);
    const node = document.querySelector(`[data-ts="${CSS.escape(ts)}"]`);
    node?.scrollIntoView({ block: "center" });
    node?.classList.add("found");
    setTimeout(() => node?.classList.remove("found"), 2500);
    return true;
  }

  /** Send the composer's text as a command or a message; return false to keep it there. */
  async say(text) {
    const { workspace, channel } = this;
    this.tell("");
    if (!text.startsWith("/")) return this.postMessage({ channel, text });
    const [command] = text.split(/\s/, 1);
    if (!workspace.commands.some((one) => one.command === command)) {
      this.tell(`${command} is not a command here. Type / to see the commands.`);
      return false;
    }
    const rest = text.slice(command.length + 1);
    const answer = await workspace.send("/people/commands", { channel, command, text: rest });
    this.used ||= answer !== null;
    this.draw();
    return answer !== null;
  }

  async reply(text) {
    if (!text.startsWith("/"))
      return this.postMessage({ channel: this.channel, text, thread_ts: this.thread });
    const [shortcut] = this.workspace.shortcuts;
    const other = shortcut ? ` Use a message’s More actions menu, then “${shortcut.name}”.` : "";
    this.tell(`Slack has no app commands inside threads.${other}`);
    return false;
  }

  async postMessage(message) {
    return (await this.workspace.send("/people/messages", message)) !== null;
  }

  /** Show a notice above the composer; an empty text removes it. */
  tell(text) {
    this.notice.say(text);
  }
}

/** Return the message in the page's address, which a permalink put there: [channel, ts]. */
function takeLinkedMessage() {
  const wanted = new URLSearchParams(location.search);
  if (!wanted.has("message")) return null;
  history.replaceState(null, "", "/");
  return [wanted.get("channel"), wanted.get("message")];
}
