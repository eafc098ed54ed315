"""Explaining: why there were points or not, in plain words of the reader's language.

`_` is the reader's gettext function; the English text is the message id (docs/pages.md). What a rule says as
a whole is in rewards/describing.py.
"""

from collections.abc import Callable, Mapping
from typing import Any

from rewards import check_words
from rewards.action_types import ActionType, FactType

Gettext = Callable[[str], str]


def why(
    receipt: Mapping[str, Any], _: Gettext, *, action: ActionType | None = None, language: str = "de"
) -> str:
    """Return a sentence or two about a decision: what was given and when the rest comes, or why nothing.

    With the action, the sentence names it and says in its words what the rest waits for.
    """
    if receipt.get("outcome") == "award":
        said = _given(receipt, _, action, language)
    else:
        said = _not_given(str(receipt.get("reason", "")), receipt.get("limit"), _)
    return said


def points(count: int, _: Gettext) -> str:
    """Return a number of points with its unit."""
    return _("1 point") if count == 1 else _("%(count)d points") % {"count": count}


def _given(receipt: Mapping[str, Any], _: Gettext, action: ActionType | None, language: str) -> str:
    now, later = int(receipt.get("points_now", 0)), int(receipt.get("points_later", 0))
    values = {
        "points": points(now + later, _),
        "now": now,
        "later": later,
        "for": in_language(action.names, language) if action else _("your contribution"),
        "outcome": in_language(action.outcomes, language) if action else _("it has been confirmed"),
    }
    if now and later:
        text = _("%(points)s for “%(for)s”: %(now)d now, %(later)d when %(outcome)s.")
    elif later:
        text = _("%(points)s for “%(for)s” when %(outcome)s.")
    else:
        text = _("%(points)s for “%(for)s”.")
    said = text % values
    if receipt.get("reason") == "awarded-in-part":
        return " ".join((said, _("More would be above this month's limit.")))
    return said


def _not_given(reason: str, limit: object, _: Gettext) -> str:
    if isinstance(limit, int):
        limited = {
            "cap-day": _("No points: you already reached today's limit of %(limit)d rewarded contributions."),
            "cap-month": _(
                "No points: you already reached this month's limit of %(limit)d rewarded contributions."
            ),
            "cap-points-month": _("No points: you already reached this month's limit of %(limit)d points."),
            "total-day": _(
                "No points: you already reached today's limit "
                "of %(limit)d rewarded contributions of any kind."
            ),
            "total-points-month": _(
                "No points: with these you would get more than the %(limit)d points a month "
                "that one person can get."
            ),
        }
        if reason in limited:
            return " ".join((limited[reason] % {"limit": limit}, _("Thank you all the same!")))
    known = {
        "cap-day": _("No points: today's limit for this action is reached. Thank you all the same!"),
        "cap-month": _("No points: this month's limit for this action is reached. Thank you all the same!"),
        "condition-not-met": _("No points: the conditions of the rule are not met."),
        "no-points-for-this": _("No points: this kind is not rewarded."),
        "rule-not-valid-then": _("No points: no rule was in force at that time."),
        "budget-waiting": _(
            "Your points wait: this campaign's budget is used up. They come in order as soon as it is funded."
        ),
        "budget-used-up": _("No points: this campaign's budget is used up, as was announced. Thank you!"),
        "spot-rewarded": _("No points: you already get points for this spot."),
        "no-rule": _("No points: there is no rule for this action at present."),
        "fact-missing": _("It is being checked, because something needed for the decision is missing."),
        "history-unknown": _("It is being checked, because earlier points have to be counted first."),
    }
    return known.get(reason, _("It is being checked."))


def waiting(reason: str, _: Gettext) -> str:
    """Return why a submission waits for a person, or why it was decided; free text comes back as it is."""
    known = {
        "more-than-expected": _("More people took part than were expected."),
        "bin-code-checked": _("The code of the bin has been checked. Thank you!"),
        "quest-finished": _("You reached all stations. Thank you!"),
        "quest-too-fast": _("The stations were reached faster than anybody can be."),
        "quest-not-walked": _("The stations were reached faster than on foot."),
        "tag-too-far": _("The phone was far away from the code."),
        "tag-no-place": _("The phone did not say where it was."),
        "tag-inaccurate": _("The place of the phone was not accurate enough."),
        "tag-without-place": _("The place of the code is not known to the city."),
        "walk-on-paper": _("The codes came on paper."),
        "attendance-noted": _("Your taking part has been noted. What you said was not."),
        "rule-uncertain": _("Something needed for the decision is missing."),
        "budget-exhausted": _("The budget for this action is used up; the city is looking into it."),
        "budget-funded-again": _("The campaign is funded again: your points have come."),
        "not-rejected-in-time": _("Confirmed, because nothing spoke against it within 30 days."),
        "withdrawn-by-you": _("You took the report back."),
        **{f"case-{reason}": sentence for reason, sentence in decline_reasons(_).items()},
    }
    return known.get(reason) or check_words.citizen(reason, _) or reason


def decline_reasons(_: Gettext) -> dict[str, str]:
    """Return why a department can decline a report, by `rewards.cases.Reason`: everybody reads it."""
    return {
        "nothing-found": _("Nothing was found at the place."),
        "known-already": _("The same is known already from another report."),
        "private-ground": _("The ground is private: the city may not do anything there."),
        "not-ours": _("Somebody else than the city looks after this."),
        "planned-later": _("It will be done with work that is planned already."),
        "no-fault": _("It was looked at and is in order."),
        "not-confirmed": _("The report could not be confirmed."),
    }


def finding(code: str, details: Mapping[str, Any], _: Gettext) -> str:
    """Return what linting found, in words for the administrator; an unknown code comes back as it is."""
    known = {
        "action-wrong": _("The rule belongs to another action."),
        "validity-empty": _("The rule ends before it begins."),
        "validity-over": _("The rule has already ended."),
        "clause-outside-validity": _("These days lie outside the time in which the rule is valid."),
        "fact-protected": _(
            "“%(fact)s” says who somebody is or comes from another part of life: not allowed."
        ),
        "fact-unknown": _("This action knows no “%(fact)s”."),
        "value-type-wrong": _("“%(fact)s” is compared with a value of the wrong kind; expected: %(type)s."),
        "category-unknown": _("This action has no category “%(category)s”."),
        "category-without-points": _("Some categories earn nothing: %(categories)s."),
        "never-true": _("This can never be true."),
        "always-true": _("This is always true."),
        "always-unknown": _("This can never be known: each case would have to be checked by a person."),
        "clause-repeated": _("This condition stands here twice."),
        "points-above-cap": _(
            "%(points)d points at once are more than the %(cap)d points of a month's limit."
        ),
        "cap-without-effect": _("This limit has no effect: another one is reached first."),
        "history-beyond-cap": _("The limit of %(cap)d is reached before this can matter."),
        "clause-unreachable": _("This changes nothing: another condition beside it is already enough."),
        "clause-implied": _("This changes nothing: another condition beside it already asks for more."),
        "line-unreachable": _("Line %(line)d is never reached: an earlier line fits first."),
        "factor-without-effect": _("This factor is 1 and changes nothing."),
        "action-not-of-rule": _("The rule is not for: %(actions)s."),
        "age-asked": _(
            "Rules that ask for an age need a reason in the matter itself. "
            "Who has not said their age waits for a person."
        ),
        "campaign-unknown": _("The city has no campaign “%(campaign)s”."),
        "district-unknown": _("The city has no district “%(district)s”."),
        "pays-twice": _(
            "The rule “%(rule)s” pays for the same thing as well: up to %(points)d points together."
        ),
        "budget-not-funded": _("Nobody has put points into the budget “%(budget)s” yet."),
    }
    plain = {name: ", ".join(v) if isinstance(v, list) else v for name, v in details.items()}
    if "type" in plain:
        plain["type"] = fact_type(FactType(plain["type"]), _)
    return known[code] % plain if code in known else code


def fact_type(kind: FactType, _: Gettext) -> str:
    """Return of what kind a fact is, for people."""
    known = {
        FactType.TEXT: _("a text"),
        FactType.NUMBER: _("a whole number"),
        FactType.TRUTH: _("yes or no"),
        FactType.DAY: _("a day"),
    }
    return known[kind]


def in_language(texts: Mapping[str, str], language: str) -> str:
    """Return a text of data in the reader's language, German if there is none."""
    return texts.get(language) or texts["de"]
