"""What's said when somebody pauses all sending, or resumes it. Pure."""

from __future__ import annotations

from bot.language import N_, _, ngettext, say_number
from bot.storage.facts import ByWhom
from bot.text import ago, show_name

PAUSED = N_("All sending is paused.")
RESUMED = N_("Sending resumed.")


def say_paused(resume: str, waiting: int) -> str:
    """Tell a lead that their pause has begun, and how many wait; ``resume``: what ends it."""
    waits = ngettext("{count} message waits now.", "{count} messages wait now.", waiting)
    until = _('New ones wait too, until a lead runs "{command}".')
    said = (waits.format(count=say_number(waiting)), until.format(command=resume))
    return " ".join((_(PAUSED), *said))


def say_paused_before(before: ByWhom, by: ByWhom) -> str:
    """Say who has paused all sending already, when, and why, or that there's another reason now."""
    who, when = show_name(before.user_name), ago(by.at - before.at)
    is_own, is_same = before.user_id == by.user_id, before.reason == by.reason
    if not is_own and is_same:
        said = _("{who} already paused all sending, {when}: {reason}")
        return said.format(who=who, when=when, reason=before.reason)
    said = _("You paused it {when}.") if is_own else _("{who} already paused all sending, {when}.")
    said = said.format(who=who, when=when)
    now = _("The reason is now: {reason}").format(reason=by.reason)
    return said if is_same else f"{said} {now}"


def say_resumed(waiting: int, who: str = "") -> str:
    """Say how many messages go out now that sending goes on; to others also ``who`` resumed it."""
    if not waiting:
        said = _("{who} resumed sending.").format(who=who) if who else _(RESUMED)
        return " ".join((said, _("No message was waiting.")))
    if who:
        said = ngettext(
            "{who} resumed sending; {count} message goes out now.",
            "{who} resumed sending; {count} messages go out now.",
            waiting,
        )
    else:
        said = ngettext(
            "Sending resumed; {count} message goes out now.",
            "Sending resumed; {count} messages go out now.",
            waiting,
        )
    return said.format(who=who, count=say_number(waiting))
