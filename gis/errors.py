"""The family tree of refusals. Each says in a sentence what was met and what was expected.

WanggeError
├── BadInput       the value itself is wrong: mend it and try again
├── TooLarge       over a bound that protects the city from one file
├── NotFound       nothing has that code
├── Conflict       it was changed by somebody else, or exists already
├── NotAllowed     outside the viewer's role or charge
├── TooOften       more often than a person does
└── Unavailable    the store or a tool is missing just now; says how to get it
"""

from __future__ import annotations


class Fault(str):
    """One thing that speaks against an act: the sentence, and for programs that say it in other
    words a key that stays, with the values it tells."""

    key: str
    values: dict[str, object]

    def __new__(cls, key: str, sentence: str, **values: object) -> Fault:
        fault = super().__new__(cls, sentence)
        fault.key, fault.values = key, values
        return fault


class WanggeError(Exception):
    """A refusal in words.

    `facts` are plain values (field, value, choices, row …) for programs;
    `str(error)` is the sentence for people.
    """

    def __init__(self, sentence: str, **facts: object) -> None:
        super().__init__(sentence)
        self.facts = facts

    @property
    def reasons(self) -> list[dict[str, object]]:
        """Each `Fault` among the `faults`, or the one that is the sentence: key, said, values."""
        faults = self.facts.get("faults")
        said = faults if isinstance(faults, list) else self.args
        return [
            {"key": one.key, "said": str(one), "values": one.values}
            for one in said
            if isinstance(one, Fault)
        ]


class BadInput(WanggeError):
    """The value itself is wrong."""


class TooLarge(WanggeError):
    """Over a stated bound."""


class NotFound(WanggeError):
    """Nothing has that code."""


class Conflict(WanggeError):
    """It was changed by somebody else, or exists already."""


class NotAllowed(WanggeError):
    """Outside the viewer's role or charge."""


class TooOften(WanggeError):
    """More often than a person does it by hand."""


class Unavailable(WanggeError):
    """The store or a needed tool is missing just now."""
