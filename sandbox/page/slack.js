// The left half: the agents' Slack, as one person sees and uses it.

import { ChannelPane } from "./channel_pane.js";
import { makeComposer } from "./composer.js";
import { directory } from "./directory.js";
import { fill, h } from "./dom.js";
import { Hint } from "./hint.js";
import { Home } from "./home.js";
import { MessageSurfaces } from "./message_surfaces.js";
import { Modals } from "./modal.js";
import { makeNotice } from "./notice.js";
import { lightUp, takeLinkedMessage } from "./permalink.js";
import { drawSidebar, makeFolding } from "./sidebar.js";
import { makeThread } from "./thread.js";
import { drawNothingYet, drawWelcome } from "./welcome.js";
import { Workspace } from "./workspace.js";

export class Slack {
  /**
   * `lookAt(text)` shows the customer whose address is in a text, `did(step)` tells the guide,
   * `inView()` says if this side is in view, and `drawn(workspace)` draws what depends on it.
   */
  constructor(root, { connected, lookAt, did, inView, drawn }) {
    Object.assign(this, { lookAt, did, inView, drawn });
    this.workspace = new Workspace({
      changed: () => this.draw(),
      connected,
      refused: (sentence) => this.tell(sentence),
    });
    this.channel = null;
    this.tab = "messages";
    this.thread = null;
    this.drafts = new Map();
    this.used = false;
    this.linked = takeLinkedMessage();
    this.build(root);
  }

  build(root) {
    this.sidebar = h("nav", { class: "sidebar", "aria-label": "Channels and people" });
    this.notice = makeNotice();
    this.hint = new Hint((one) => this.setUp(one));
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
    this.layers = h("div", { class: "layers" });
    const send = (path, body) => this.workspace.send(path, body);
    this.home = new Home({ place: this.layers, send });
    const { composer, home } = this;
    const below = [this.notice.node, this.hint.node, composer.node];
    this.channelPane = new ChannelPane({ below, composer, home });
    this.panes = h("div", { class: "slack-panes" }, this.sidebar);
    this.panes.append(this.channelPane.node, this.pane.node);
    fill(root, this.panes, this.layers);
    this.showRooms = makeFolding(this.panes, this.sidebar);
    const submitted = () => this.did("send");
    this.modals = new Modals({ place: this.layers, behind: this.panes, send, submitted });
    this.surfaces = new MessageSurfaces(this.layers, send);
    directory.openMessage = (channelId, ts) => this.openMessage(channelId, ts);
  }

  /** Switch to a person, or to the last one if `user` is left out. */
  async become(user = this.workspace.user) {
    const direct = directory.channels.get(this.channel)?.is_im;
    await this.workspace.become(user);
    const { channels } = this.workspace;
    if (!directory.channels.has(this.channel)) {
      this.channel = (direct && channels.find((one) => one.is_im)?.id) || channels[0].id;
      this.thread = null;
    }
    this.modals.show([]);
    if (this.atHome) this.openTab("home");
  }

  /** Tell if the Home tab is in view: in the direct messages with an app that has one. */
  get atHome() {
    return this.hasTabs && this.tab === "home";
  }

  get hasTabs() {
    return this.workspace.hasHome && directory.channels.get(this.channel)?.is_im === true;
  }

  draw() {
    const { workspace, channel } = this;
    if (this.inView() && !this.atHome) workspace.look(channel);
    drawSidebar(this.sidebar, {
      workspace,
      channel,
      pick: (id) => this.openChannel(id),
      become: (id) => this.become(id),
      attempt: (one) => this.setUp(one),
    });
    this.drawChannel();
    this.pane.show(this.thread, workspace.all(channel), directory.title(channel));
    this.hint.draw(workspace.user, channel);
    this.home.draw(workspace.home);
    this.modals.show(workspace.views);
    if (workspace.views.length) this.did("command");
    const { linked } = this;
    this.linked = null;
    if (linked) this.openMessage(...linked);
    this.drawn(workspace);
  }

  drawChannel() {
    const channel = directory.channels.get(this.channel);
    if (!channel) return;
    const head = {
      channel,
      title: directory.title(this.channel),
      tab: this.hasTabs ? this.tab : null,
      openTab: (name) => this.openTab(name),
      openRooms: () => this.showRooms(true),
    };
    const known = this.used || channel.is_im || channel.is_archived;
    const shortcut = this.workspace.shortcuts[0]?.name;
    this.channelPane.draw({
      head,
      messages: this.workspace.top(this.channel),
      context: this.context(),
      empty: () => (known ? drawNothingYet() : drawWelcome(shortcut)),
    });
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

  /** Open a channel at its messages; the app at its Home tab, unless it has written something. */
  openChannel(id, thread = null, tab = this.workspace.unread(id) ? "messages" : "home") {
    if (id !== this.channel) {
      this.drafts.set(this.channel, this.composer.value);
      this.composer.set(this.drafts.get(id) ?? "");
      this.tell("");
    }
    this.channel = id;
    this.thread = thread;
    this.showRooms(false);
    this.openTab(tab);
    if (!this.atHome) this.focusComposer();
  }

  /** Open a tab of the app; the bot hears of it when it's Home. */
  openTab(name) {
    this.tab = name;
    if (this.atHome) this.thread = null;
    this.draw();
    if (this.atHome) this.workspace.send("/people/home", {});
  }

  focusComposer() {
    if (!this.modals.view) this.composer.text.focus();
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
    this.openChannel(one.channel, null, "messages");
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
    if (ts) this.did("arrive");
    this.draw();
    if (reply) this.pane.composer.text.focus();
    else if (!ts) this.composer.text.focus();
  }

  openMessage(channelId, ts) {
    const message = this.workspace.all(channelId).find((one) => one.ts === ts);
    if (!message) return false;
    const reply = message.thread_ts && message.thread_ts !== message.ts;
    this.openChannel(channelId, reply ? message.thread_ts : null, "messages");
    lightUp(ts);
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
    if (answer !== null) {
      this.used = true;
      this.did("command");
    }
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
