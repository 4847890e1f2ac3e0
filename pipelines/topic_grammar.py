"""The expressions of a topic file: text -> tree -> FTS5 MATCH.

``talks & afghan``, ``near(afghan, talks, 12)``, ``title(format) | 'white house' & !cricket``: names of term sets,
quoted words, ``&`` and, ``|`` or, ``!`` not, brackets. ``!`` binds tighter than ``&``, ``&`` tighter than ``|``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from lark import Lark, Token, Transformer, v_args
from lark.exceptions import UnexpectedInput, UnexpectedToken, VisitError

from db.search import plain_signs
from pipelines.term import Term, TermError, parse_term, write_near, write_term

MOST_NESTED = 20
"""Levels of ``!``, ``title()`` and brackets: more than anybody writes, fewer than the parser of FTS5 holds (100)."""
DEFAULT_DISTANCE = 10
"""Words that may stand between the two sides of ``near(a, b)`` when the expression does not say."""
LONGEST_DISTANCE = 500
TITLE_COLUMN = "folded_title"
"""As in ``article_text_fts``, so that one MATCH text serves new articles and the stored archive."""


@dataclass(frozen=True, slots=True)
class Name:
    """A set of terms, by its name."""

    name: str
    at: int


@dataclass(frozen=True, slots=True)
class Words:
    """Quoted words in an expression: one term for all languages."""

    term: Term


@dataclass(frozen=True, slots=True)
class Not:
    part: Expression


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class Near:
    """Something of ``left`` with at most ``distance`` words between it and something of ``right``, in either order."""

    left: Expression
    right: Expression
    distance: int


@dataclass(frozen=True, slots=True)
class Title:
    part: Expression


Expression = Name | Words | Not | And | Or | Near | Title

_GRAMMAR = r"""
?start: either
?either: both ("|" both)*
?both: one ("&" one)*
?one: "!" one -> negation
    | "(" either ")"
    | NEAR "(" either "," either ["," NUMBER] ")" -> near
    | "title" "(" either ")" -> title
    | NAME -> name
    | QUOTED -> words
NEAR: "near"
NAME: /[^\W\d][\w-]*/
NUMBER: /[0-9]+/
QUOTED: /'[^']*'|"[^"]*"|[“”„][^“”„]*[“”]|‘[^‘’]*’/
%ignore /\s+/
"""


@v_args(inline=True)
class _TreeToExpression(Transformer[Token, Expression]):
    def either(self, *parts: Expression) -> Expression:
        return Or(parts)

    def both(self, *parts: Expression) -> Expression:
        return And(parts)

    def negation(self, part: Expression) -> Expression:
        return Not(part)

    def near(self, token: Token, left: Expression, right: Expression, distance: Token | None) -> Expression:
        near = Near(left, right, DEFAULT_DISTANCE if distance is None else int(distance))
        _check_near(near, token.start_pos or 0)
        return near

    def title(self, part: Expression) -> Expression:
        return Title(part)

    def name(self, token: Token) -> Expression:
        return Name(str(token), token.start_pos or 0)

    def words(self, token: Token) -> Expression:
        try:
            return Words(parse_term(str(token)[1:-1]))
        except TermError as error:
            raise TermError(error.message, token.start_pos or 0) from error


_PARSER = Lark(_GRAMMAR, parser="lalr", maybe_placeholders=True)


def parse_expression(text: str) -> Expression:
    """Returns the tree of an expression; TermError says what is wrong and at which character."""
    text = plain_signs(text)
    try:
        tree = _TreeToExpression().transform(_PARSER.parse(text))
    except UnexpectedInput as error:
        raise _explain(text, error) from error
    except VisitError as error:
        raise (TermError(_TOO_DEEP) if isinstance(error.orig_exc, RecursionError) else error.orig_exc) from error
    except RecursionError as error:
        raise TermError(_TOO_DEEP) from error
    if _count_levels(tree) > MOST_NESTED:
        raise TermError(_TOO_DEEP)
    return tree


_TOO_DEEP = "the expression is nested too deeply; make sets of its parts"


def _count_levels(tree: Expression) -> int:
    """Returns how deep an expression is nested; without recursion, which would end before a deep one does."""
    n, level = 0, [tree]
    while level:
        n, level = n + 1, [part for whole in level for part in _parts(whole)]
    return n


_REMEDIES = (
    (r"[&|]\s*", r"[&|]", "one & or | is enough"),
    (r"", r"(?i:and)\b", "write & for and"),
    (r"", r"(?i:or)\b", "write | for or"),
    (r"", r"(?i:not)\b", "write ! for not"),
    (r"\bnot[\s(]*", r"", "write ! for not"),
    (r"\bnear\s*", r"\(", "write near in small letters"),
    (r"\btitle\s*", r"\(", "write title in small letters"),
    (r"['\"]", r"\w", "put words that hold a quote in quotes of the other kind"),
    (r"", r"\*", "words, with or without a star, go in quotes ('word*'); names of sets do not"),
)
"""What stands before the place, what at it, and what to write instead; the first that fits."""


def _explain(text: str, error: UnexpectedInput) -> TermError:
    at = error.pos_in_stream or 0
    rest = text[at:]
    if not text.strip():
        return TermError("the expression is empty; write the name of a term set or 'words in quotes'")
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return TermError("the expression breaks off; is a bracket or a name missing at the end?", len(text.rstrip()))
    if rest[:1] in "'\"“‘„":
        return TermError("quotes are not closed, or stand where & or | was expected", at)
    fitting = (
        remedy for left, here, remedy in _REMEDIES if re.search(rf"(?i:{left})$", text[:at]) and re.match(here, rest)
    )
    remedy = next(fitting, "names are joined by & and |, and a distance is a number: near(a, b, 12)")
    word = re.match(r"[\w-]+|.", rest)
    found = word[0] if word else rest
    return TermError(f'"{found}" cannot stand here; {remedy}', at)


def _check_near(near: Near, at: int) -> None:
    for side in (near.left, near.right):
        for part in walk(side):
            if not isinstance(part, Name | Words | Or):
                raise TermError("near() takes term sets and quoted words, or several joined by |, on either side", at)
    if near.distance > LONGEST_DISTANCE:
        raise TermError(f"near() reaches at most {LONGEST_DISTANCE} words; for the whole article write &", at)


def walk(expression: Expression) -> Iterator[Expression]:
    """Yields an expression and everything in it, from the top."""
    yield expression
    for part in _parts(expression):
        yield from walk(part)


def _parts(expression: Expression) -> tuple[Expression, ...]:
    match expression:
        case And(parts) | Or(parts):
            return parts
        case Not(part) | Title(part):
            return (part,)
        case Near(left, right, _):
            return (left, right)
        case _:
            return ()


def write_expression(expression: Expression) -> str:
    """Returns an expression in one spelling, whatever spaces, quotes and brackets it was written with."""
    match expression:
        case Name(name, _):
            return name
        case Words(term):
            return f"'{write_term(term)}'"
        case Not(part):
            return f"!{write_expression(part)}"
        case And(parts):
            return f"({' & '.join(map(write_expression, parts))})"
        case Or(parts):
            return f"({' | '.join(map(write_expression, parts))})"
        case Near(left, right, distance):
            return f"near({write_expression(left)}, {write_expression(right)}, {distance})"
        case Title(part):
            return f"title({write_expression(part)})"


@dataclass(frozen=True, slots=True)
class Match:
    """What an expression finds: the articles MATCH ``text`` finds, or with ``negated`` all others.

    FTS5 has no "everything but": NOT needs something on its left, so negation is carried along until there is.
    ``text`` is None where no term can be found at all.
    """

    text: str | None
    negated: bool = False

    def invert(self) -> Match:
        """Returns the match of all other articles."""
        return Match(self.text, not self.negated)


Lookup = Callable[[str], Sequence[Term]]
"""Gives the terms of a set, by its name."""


def compile_match(expression: Expression, lookup: Lookup) -> Match:
    """Returns an expression as FTS5 MATCH text over the index of ``article_text``, with the terms ``lookup`` gives."""

    def compile_part(part: Expression) -> Match:
        match part:
            case Name() | Words():
                return _either([term.match_text() for term in terms_of(part, lookup)])
            case Not(inner):
                return compile_part(inner).invert()
            case And(parts):
                return join_all([compile_part(one) for one in parts])
            case Or(parts):
                return join_any([compile_part(one) for one in parts])
            case Title(inner):
                found = compile_part(inner)
                return found if found.text is None else Match(f"({TITLE_COLUMN} : {found.text})", found.negated)
            case Near(left, right, distance):
                sides = [[one for term in terms_of(side, lookup) for one in term.spellings()] for side in (left, right)]
                return _either([_pair_near(one, other, distance) for one, other in product(*sides)])

    return compile_part(expression)


def join_all(matches: Sequence[Match]) -> Match:
    """Returns the match of articles that all of several matches find."""
    if any(found.text is None and not found.negated for found in matches):
        return Match(None)
    wanted = [found.text for found in matches if not found.negated and found.text is not None]
    unwanted = [found.text for found in matches if found.negated and found.text is not None]
    excluded = _either(unwanted)
    if not wanted:
        return Match(excluded.text, negated=True)
    text = wanted[0] if len(wanted) == 1 else f"({' AND '.join(wanted)})"
    return Match(text if excluded.text is None else f"({text} NOT {excluded.text})")


def join_any(matches: Sequence[Match]) -> Match:
    """Returns the match of articles that at least one of several matches finds."""
    if not any(found.negated for found in matches):
        return _either([found.text for found in matches if found.text is not None])
    return join_all([found.invert() for found in matches]).invert()  # De Morgan: a | b = !(!a & !b)


def _either(texts: Sequence[str]) -> Match:
    if not texts:
        return Match(None)
    return Match(texts[0] if len(texts) == 1 else f"({' OR '.join(texts)})")


def terms_of(expression: Expression, lookup: Lookup) -> list[Term]:
    """Returns all terms an expression speaks of, each once."""
    terms: list[Term] = []
    for part in walk(expression):
        if isinstance(part, Name):
            terms += lookup(part.name)
        elif isinstance(part, Words):
            terms.append(part.term)
    return list(dict.fromkeys(terms))


def _pair_near(one: Term, other: Term, distance: int) -> str:
    """Returns MATCH text for two terms near each other: NEAR takes no OR inside, so every pair is written out."""
    near = write_near([*one.match_segments(), *other.match_segments()], distance, len(one.words) + len(other.words))
    broken = [term.match_spelling() for term in (one, other) if len(term.match_segments()) > 1]
    return f"({' AND '.join([near, *broken])})" if broken else near
