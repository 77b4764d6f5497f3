// The button in the banner that makes you the lead, and back.

let agent = null; // who you were before

/** Draw the button for the current person; `become(id)` switches person. */
export function drawLeadButton(button, workspace, become) {
  const people = workspace.users.filter((one) => !one.is_bot && !one.is_deleted);
  const lead = people.find((one) => one.is_admin);
  const isLead = workspace.user === lead?.id;
  if (!isLead) agent = workspace.user;
  const other = isLead ? (people.find((one) => one.id === agent) ?? people[0]) : lead;
  button.hidden = !other || other.id === workspace.user;
  if (button.hidden) return;
  const [name] = other.name.split(" ");
  const words = isLead ? `Back to ${name}` : `Become ${name} (lead)`;
  if (button.textContent !== words) button.textContent = words;
  button.onclick = () => become(other.id);
}
