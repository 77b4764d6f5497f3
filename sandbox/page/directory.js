// Who and what the ids in a message stand for. Filled once the workspace is loaded.

export const directory = {
  me: "",
  users: new Map(),
  channels: new Map(),
  /** Opens a message of this workspace; set by slack.js, used by links to messages. */
  openMessage: () => false,

  userName(id) {
    return this.users.get(id)?.name ?? id;
  },
  channelName(id) {
    return this.channels.get(id)?.name ?? id;
  },
};
