// Says how many messages are new, and for whom or where.

import { directory } from "./directory.js";

/** Count the messages that a customer hasn't read yet, including those that wait. */
export function unseen(customer) {
  const messages = customer.conversations.flatMap((one) => one.messages);
  return messages.filter((one) => one.direction === "outbound" && one.status !== "read").length;
}

export const firstName = (customer) =>
  (customer.name || customer.email || customer.phone || "The customer").split(" ")[0];

/** "1 new for Amir", "3 new for Amir and Olga", "8 new for Amir and 2 more", or "". */
export function newForCustomers(customers) {
  const some = customers.filter((one) => unseen(one));
  if (!some.length) return "";
  const count = some.reduce((sum, one) => sum + unseen(one), 0);
  const [first, second] = some.map(firstName);
  const others = some.length > 2 ? `${some.length - 1} more` : second;
  return `${count} new for ${others ? `${first} and ${others}` : first}`;
}

/** "2 new in #support", "3 new in 2 channels", or "". */
export function newInChannels(workspace) {
  const some = workspace.channels.filter((one) => workspace.unread(one.id));
  const count = some.reduce((sum, one) => sum + workspace.unread(one.id), 0);
  if (!count) return "";
  if (some.length > 1) return `${count} new in ${some.length} channels`;
  return `${count} new in ${directory.title(some[0].id)}`;
}
