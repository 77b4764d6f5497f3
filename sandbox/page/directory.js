// The people and channels behind the ids in messages. Filled when the workspace is loaded.

export const directory = {
  me: "",
  users: new Map(),
  channels: new Map(),
  /** Opens a message of this workspace. slack.js sets it, and links to messages use it. */
  openMessage: () => false,

  userName(id) {
    return this.users.get(id)?.name ?? id;
  },
  /** "#support", or the app's name in its direct messages. */
  title(id) {
    const channel = this.channels.get(id);
    if (!channel) return "";
    return channel.is_im ? channel.name : `#${channel.name}`;
  },
  channelName(id) {
    return this.channels.get(id)?.name ?? id;
  },
};
