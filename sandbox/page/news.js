// Says how many messages are new, and for whom or where.

import { directory } from "./directory.js";

/** Count the messages that a customer hasn't read yet, including those that wait. */
export function unseen(customer) {
  const messages = customer.conversations.flatMap((one) => one.messages);
  return messages.filter((one) => one.direction === "outbound" && one.status !== "read").length;
}

export const firstName = (customer) =>
  (customer.name || customer.email || customer.phone || "The customer").split(" ")[0];

/** "1 new for Amir", "8 new for 3 customers", or "". */
export function newForCustomers(customers) {
  const some = customers.filter((one) => unseen(one));
  const count = some.reduce((sum, one) => sum + unseen(one), 0);
  if (!count) return "";
  const whom = some.length === 1 ? firstName(some[0]) : `${some.length} customers`;
  return `${count} new for ${whom}`;
}

/** "2 new in #support", "3 new in 2 channels", or "". */
export function newInChannels(workspace) {
  const some = workspace.channels.filter((one) => workspace.unread(one.id));
  const count = some.reduce((sum, one) => sum + workspace.unread(one.id), 0);
  if (!count) return "";
  if (some.length > 1) return `${count} new in ${some.length} channels`;
  return `${count} new in ${directory.title(some[0].id)}`;
}
