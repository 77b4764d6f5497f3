// How the switches stand, read from the control routes so that it survives a reload, and flipping
// them. It draws nothing.

import { coalesce, get, post, remove, Refused } from "./api.js";
import { byPrecedence, isOrdered, order, strikes, SWITCHES } from "./switches.js";

const OFTEN = 1000;
const SELDOM = 3000;
const NORMAL = { missing_permissions: [], analytics_delay_seconds: 0 };
const faultsOf = (side) => `/control/${side}/faults`;
const GENESYS_SETTINGS = "/control/genesys/settings";

export class Switchboard {
  /** `changed()` after each look; `refused(sentence)` when an act was refused, "" when not. */
  constructor({ changed, refused }) {
    Object.assign(this, { changed, refused });
    this.faults = { genesys: [], slack: [] };
    this.settings = { ...NORMAL };
    this.bot = { state: "absent", since: null, pid: null, last_exit: null };
    this.struck = new Set(); // switches for one strike that struck while we looked
    this.acts = Promise.resolve(); // one after the other: each reads the faults and writes them
    this.actsBegunOrDone = 0;
    this.watched = false;
    this.refresh = coalesce(() => this.load());
    document.addEventListener("visibilitychange", this.refresh);
    this.tick();
  }

  /** Look often while somebody looks at us, else now and then. */
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
    const before = this.actsBegunOrDone;
    try {
      const [genesys, slack, settings, bot] = await Promise.all([
        get(faultsOf("genesys")),
        get(faultsOf("slack")),
        get(GENESYS_SETTINGS),
        get("/control/bot"),
      ]);
      if (before !== this.actsBegunOrDone) return; // from before the act; another look follows
      const armed = SWITCHES.filter((one) => one.armed && this.isOn(one));
      this.faults = { genesys: genesys.faults, slack: slack.faults };
      this.settings = settings.settings;
      this.bot = bot;
      for (const one of armed) if (!this.isOn(one)) this.struck.add(one.name);
      this.changed();
    } catch (error) {
      if (!(error instanceof Refused)) throw error; // the line says that nobody answers
    }
  }

  standing({ side, fault }) {
    return fault && this.faults[side].find((one) => isOrdered(one, fault));
  }

  isOn(one) {
    if (one.setting) return this.settings[one.setting] === one.value;
    return this.standing(one) !== undefined;
  }

  /** What is to be said about a switch besides on and off. */
  remark(one) {
    if (this.isOn(one) && one.armed) return one.armed;
    if (this.struck.has(one.name)) return "It has struck";
    const count = one.fault && this.isOn(one) ? strikes(this.standing(one)) : null;
    if (!count) return "";
    return count === 1 ? "Struck once" : `Struck ${count} times`;
  }

  /** Faults that somebody ordered through the control routes and that no switch shows. */
  get others() {
    const known = SWITCHES.filter((one) => this.standing(one)).length;
    return this.faults.genesys.length + this.faults.slack.length - known;
  }

  get missing() {
    return this.settings.missing_permissions;
  }

  /** How many things are out of order, the bot apart. */
  get count() {
    return SWITCHES.filter((one) => this.isOn(one)).length + (this.missing.length ? 1 : 0);
  }

  flip(one, on) {
    return this.act(async () => {
      if (one.setting) {
        await post(GENESYS_SETTINGS, { [one.setting]: on ? one.value : NORMAL[one.setting] });
        return;
      }
      const { faults } = await get(faultsOf(one.side));
      const rest = faults.filter((fault) => !isOrdered(fault, one.fault));
      const wanted = on ? [...rest, order(one.fault)].sort(byPrecedence) : rest;
      // The stand-in can only lift all of them; those that stay are ordered again as they were.
      await remove(faultsOf(one.side));
      for (const fault of wanted) await post(faultsOf(one.side), fault);
      this.faults[one.side] = wanted; // else load() would take the missing one for a strike
      this.struck.delete(one.name);
    });
  }

  lack(permission) {
    const missing_permissions = permission ? [permission] : [];
    return this.act(() => post(GENESYS_SETTINGS, { missing_permissions }));
  }

  /** Everything back to normal, a dead bot included. */
  calm() {
    return this.act(async () => {
      await Promise.all([remove(faultsOf("genesys")), remove(faultsOf("slack"))]);
      this.faults = { genesys: [], slack: [] };
      this.struck.clear();
      await post(GENESYS_SETTINGS, NORMAL);
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
    this.actsBegunOrDone++;
    try {
      await work();
      this.refused("");
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.refused(error.message);
    } finally {
      this.actsBegunOrDone++;
      this.refresh();
    }
  }
}
