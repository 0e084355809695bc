# SPDX-License-Identifier: LGPL-2.1-or-later
"""The list of cases. Each is a function of a World; suite names the case of the community's suite that asks for the same."""
import typing

CASES = []


class Case(typing.NamedTuple):
    name: str
    suite: str
    function: typing.Callable
    repository: typing.Optional[typing.Callable]


def case(name, suite="", repository=None):
    def add(function):
        CASES.append(Case(name, suite, function, repository))
        return function
    return add
