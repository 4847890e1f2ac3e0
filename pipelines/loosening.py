"""What must stand in an article before an expression could hold: a cheap question to ask before the exact one.

Whatever the exact question finds, the loose one finds too: ``!`` may always hold, ``near`` asks for both sides
anywhere, and terms count whatever the language. The gate asks it of a page's raw words, rescoring of the archive's
index.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set

from pipelines.term import Term
from pipelines.topic import ALL_ENTITIES, Topic
from pipelines.topic_grammar import And, Expression, Name, Near, Not, Or, Title, Words, compile_match, join_any


def loosen(expression: Expression) -> Expression | None:
    """Returns what must hold before an expression could; None where it may hold for any article."""
    match expression:
        case Name() | Words():
            return expression
        case Not():
            return None
        case And(parts):
            return _all_of(map(loosen, parts))
        case Or(parts):
            loose = [loosen(part) for part in parts]
            return None if None in loose else Or(tuple(part for part in loose if part is not None))
        case Near(left, right, _):
            return _all_of((loosen(left), loosen(right)))
        case Title(part):
            inner = loosen(part)
            return None if inner is None else Title(inner)


def loosen_subject(topic: Topic) -> Expression | None:
    """Returns what must hold before one of a topic's ``any`` could; None where one may hold for any article."""
    return loosen(Or(tuple(rule.expression for rule in topic.any)))


def loosen_topic(topic: Topic) -> Expression | None:
    """Returns what must hold before an article could match a topic; None where any article may."""
    return _all_of((loosen_subject(topic), *(loosen(rule.expression) for rule in topic.require)))


def write_candidates(topic: Topic) -> str | None:
    """Returns the MATCH text that finds every stored article the topic or its entities could name; None: take all."""
    expression = loosen_topic(topic)
    if expression is None:
        return None
    match = compile_match(expression, lambda name: topic.terms(name, None))
    assert not match.negated, "what is loosened has no negation"
    named = join_any([compile_match(Words(term), lambda _: ()) for term in topic.terms(ALL_ENTITIES, None)])
    return join_any([match, named]).text or '""'


def could_hold(expression: Expression, named: Mapping[str, frozenset[Term]], present: Set[Term]) -> bool:
    """Returns whether a loosened expression holds where these terms stand; of a title, anywhere will do.

    ``named``: the terms of each name in it, whatever the language.
    """
    match expression:
        case Name(name, _):
            return not named[name].isdisjoint(present)
        case Words(term):
            return term in present
        case And(parts):
            return all(could_hold(part, named, present) for part in parts)
        case Or(parts):
            return any(could_hold(part, named, present) for part in parts)
        case Title(part):
            return could_hold(part, named, present)
        case Near() | Not():
            return True


def _all_of(parts: Iterable[Expression | None]) -> Expression | None:
    needed = tuple(part for part in parts if part is not None)
    return (And(needed) if len(needed) > 1 else needed[0]) if needed else None
