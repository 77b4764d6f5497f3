// Reads the state of the switches from the control routes, so that it survives a reload, and flips
// them. It draws nothing.

import { coalesce, get, post, remove, Refused } from "./api.js";
import { byPrecedence, isOrdered, order, strikes, SWITCHES } from "./switches.js";

const OFTEN = 1000;
const SELDOM = 3000;
const NORMAL = {
  genesys: { missing_permissions: [], analytics_delay_seconds: 0 },
  slack: { support_is_shared: false },
};
const faultsOf = (side) => `/control/${side}/faults`;
const settingsOf = (side) => `/control/${side}/settings`;

export class Switchboard {
  /** Calls `changed()` after a load and `refused(sentence)` after an action, "" if it worked. */
  constructor({ changed, refused }) {
    Object.assign(this, { changed, refused });
    this.faults = { genesys: [], slack: [] };
    this.settings = { ...NORMAL };
    this.bot = { state: "absent", since: null, pid: null, last_exit: null };
    this.struck = new Set(); // switches for one strike that struck while the page was open
    this.acts = Promise.resolve(); // one after another: each reads and writes the faults
    this.isActing = false;
    this.actsDone = 0;
    this.watched = false;
    this.refresh = coalesce(() => this.load());
    document.addEventListener("visibilitychange", this.refresh);
    this.tick();
  }

  /** Load often while the drawer is open, else now and then. */
  watch(closely) {
    this.watched = closely;
    clearTimeout(this.timer);
    this.tick();
  }

  async tick() {
    if (document.visibilityState === "visible") await this.refresh();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.tick(), this.watched ? OFTEN : SELDOM);
  }

  async load() {
    const done = this.actsDone;
    try {
      const [genesys, slack, inGenesys, inSlack, bot] = await Promise.all([
        get(faultsOf("genesys")),
        get(faultsOf("slack")),
        get(settingsOf("genesys")),
        get(settingsOf("slack")),
        get("/control/bot"),
      ]);
      // An action has changed this meanwhile, or has done half of its work. Another load follows it.
      if (this.isActing || done !== this.actsDone) return;
      const armed = SWITCHES.filter((one) => one.armed && this.isOn(one));
      this.faults = { genesys: genesys.faults, slack: slack.faults };
      this.settings = { genesys: inGenesys.settings, slack: inSlack };
      this.bot = bot;
      for (const one of armed) if (!this.isOn(one)) this.struck.add(one.name);
      this.changed();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the line already says that the sandbox is gone
    }
  }

  standing({ side, fault }) {
    return fault && this.faults[side].find((one) => isOrdered(one, fault));
  }

  isOn(one) {
    if (one.setting) return this.settings[one.side][one.setting] === one.value;
    return this.standing(one) !== undefined;
  }

  /** Return what to say about a switch besides on and off. */
  remark(one) {
    if (this.isOn(one) && one.armed) return one.armed;
    if (this.struck.has(one.name)) return "It has struck";
    const count = one.fault && this.isOn(one) ? strikes(this.standing(one)) : null;
    if (!count) return "";
    return count === 1 ? "Struck once" : `Struck ${count} times`;
  }

  /** Count the faults that were ordered through the control routes and that no switch shows. */
  get others() {
    const known = SWITCHES.filter((one) => this.standing(one)).length;
    return this.faults.genesys.length + this.faults.slack.length - known;
  }

  get missing() {
    return this.settings.genesys.missing_permissions;
  }

  /** Count the things that are wrong, without the bot. */
  get count() {
    return SWITCHES.filter((one) => this.isOn(one)).length + (this.missing.length ? 1 : 0);
  }

  flip(one, on) {
    return this.act(async () => {
      if (one.setting) {
        const value = on ? one.value : NORMAL[one.side][one.setting];
        await post(settingsOf(one.side), { [one.setting]: value });
        return;
      }
      const { faults } = await get(faultsOf(one.side));
      const rest = faults.filter((fault) => !isOrdered(fault, one.fault));
      const wanted = on ? [...rest, order(one.fault)].sort(byPrecedence) : rest;
      // The stand-in can only remove all faults, so order those that stay again.
      await remove(faultsOf(one.side));
      for (const fault of wanted) await post(faultsOf(one.side), fault);
      this.faults[one.side] = wanted; // else load() would think that the removed fault had struck
      this.struck.delete(one.name);
    });
  }

  lack(permission) {
    const missing_permissions = permission ? [permission] : [];
    return this.act(() => post(settingsOf("genesys"), { missing_permissions }));
  }

  /** Set everything back to normal, and start the bot if it's dead. */
  calm() {
    return this.act(async () => {
      await Promise.all([remove(faultsOf("genesys")), remove(faultsOf("slack"))]);
      this.faults = { genesys: [], slack: [] };
      this.struck.clear();
      for (const side of ["genesys", "slack"]) await post(settingsOf(side), NORMAL[side]);
      if (this.bot.state === "dead") await post("/control/bot", { do: "start" });
    });
  }

  /** "start", "stop" or "kill". */
  tellBot(act) {
    return this.act(() => post("/control/bot", { do: act }));
  }

  act(work) {
    this.acts = this.acts.then(() => this.perform(work));
    return this.acts;
  }

  async perform(work) {
    this.isActing = true;
    try {
      await work();
      this.refused("");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused(error.message);
    } finally {
      this.isActing = false;
      this.actsDone++;
      this.refresh();
    }
  }
}
