# SPDX-License-Identifier: Apache-2.0
"""Project options: what may be given, and what becomes of values that mean harm."""

from __future__ import annotations

import io
import tarfile
from typing import Any

from .. import hostile_values
from ..clause import RFC, SHIPPED, Level, NotApplicable, clause, expect
from ..wire import ReplyError
from ..work import Work
from ..workbench import Workbench, contents

_SOURCE = f"{RFC}: Project Options"
_UNKNOWN = "no_such_option"
# What takes any options makes the project that was built.
_ANOTHER = Work(generations=1, rebuilds=1)
_NOTES = b"mine\n"
_NO_NUMBER = "neither number nor truth"
_WRONG: dict[str, tuple[Any, ...]] = {
    "bool": (_NO_NUMBER, 2),
    "int": (_NO_NUMBER, 1.5, True),
    "float": (_NO_NUMBER, True, "nan"),
}


@clause("options.unknown", _SOURCE, level=Level.RECOMMENDED)
def unknown(bench: Workbench) -> None:
    """An option the server does not list is refused by its name."""
    _expect_named(bench, _UNKNOWN, "1")


@clause("options.wrong_type", f"{SHIPPED}: ProjectOption, type", level=Level.RECOMMENDED)
def wrong_type(bench: Workbench) -> str:
    """A value that cannot be of the option's type is refused, and the option named."""
    tried = [o for o in _of_generation(bench) if o.get("type") in _WRONG]
    if not tried:
        raise NotApplicable("generate_project has no option of type int, float or bool")
    for option in tried:
        for value in _WRONG[option["type"]]:
            _expect_named(bench, option["name"], value)
    return ", ".join(option["name"] for option in tried)


@clause("options.wrong_choice", f"{SHIPPED}: ProjectOption, choices", level=Level.RECOMMENDED)
def wrong_choice(bench: Workbench) -> str:
    """A value that is none of the option's choices is refused, and the option named."""
    tried = [o for o in _of_generation(bench) if o.get("choices")]
    if not tried:
        raise NotApplicable("generate_project has no option with choices")
    for option in tried:
        _expect_named(bench, option["name"], "none of these")
    return ", ".join(option["name"] for option in tried)


@clause("options.missing", f"{SHIPPED}: ProjectOption, required")
def missing(bench: Workbench) -> str:
    """A required option that has no default and is not given is an error that names it."""
    tried = [
        option
        for option in bench.listed
        if "generate_project" in (option.get("required") or ()) and option.get("default") is None
    ]
    if not tried:
        raise NotApplicable("every required option of generate_project has a default")
    for option in tried:
        _expect_named(bench, option["name"], None)
    return ", ".join(option["name"] for option in tried)


@clause("options.only_given", _SOURCE, level=Level.RECOMMENDED, effort=_ANOTHER)
def only_given(bench: Workbench) -> None:
    """Options that were not given may be left out, as TVM 0.8 to 0.11 do."""
    _expect_taken(bench, bench.options, "take the default of every option that does not come")


@clause("options.null", f"{SHIPPED}: client of TVM 0.12 and later", effort=_ANOTHER)
def null(bench: Workbench) -> None:
    """Every listed option may come to every method, null where it was not set."""
    _expect_taken(
        bench,
        bench.options_and_nulls,
        "take null for not given, and let options of other methods pass",
    )


@clause(
    "options.as_text",
    f"{SHIPPED}: tvmc",
    level=Level.RECOMMENDED,
    effort=Work(generations=1),
)
def as_text(bench: Workbench) -> str:
    """Numbers and truth values may come as text."""
    bench.project()
    texts = {
        option["name"]: {True: "True", False: "False"}.get(default, str(default))
        for option in _of_generation(bench)
        if (default := bench.all_options.get(option["name"])) is not None
        and option.get("type") in ("int", "float", "bool")
    }
    if not texts:
        raise NotApplicable("generate_project has no such option with a value to send")
    error = bench.generate(bench.place("as-text") / "project", None, **texts)
    expect(error is None, f"{texts}: {error}", "read text as the option's type")
    return ", ".join(texts)


def _two_values(option: dict[str, Any]) -> tuple[Any, Any] | None:
    values = {"bool": (False, True), "int": (1 << 20, 1 << 21)}
    return None if option.get("choices") else values.get(str(option.get("type")))


def _work_of_values(bench: Workbench) -> Work:
    return Work(generations=2 * len([*filter(_two_values, _of_generation(bench))]))


@clause(
    "options.values_matter",
    f"{SHIPPED}: ProjectOption, type",
    level=Level.RECOMMENDED,
    effort=_work_of_values,
)
def values_matter(bench: Workbench) -> str:
    """Two values of an option that is a number or a truth value make two different projects."""
    bench.project()
    tried, ignored, useless = [], [], []
    for option in _of_generation(bench):
        values = _two_values(option)
        if not values:
            continue
        room = bench.place("values")
        targets = [room / str(number) for number in range(2)]
        errors = [
            bench.generate(target, None, **{option["name"]: value})
            for target, value in zip(targets, values, strict=True)
        ]
        if any(errors):  # not every number is a sensible one
            few = ({option["name"]: value} for value in (0, 1, 1024, 115200))
            if all(errors) and all(bench.generate(room / "2", None, **given) for given in few):
                useless.append(option["name"])
            continue
        tried.append(option["name"])
        if contents(targets[0]) == contents(targets[1]):
            ignored.append(option["name"])
    expect(not useless, f"no value will do for {', '.join(useless)}", "take values of its type")
    if not tried:
        raise NotApplicable("generate_project has no option of type int or bool to try")
    expect(not ignored, f"nothing comes of {', '.join(ignored)}", "keep the value in the project")
    return ", ".join(tried)


def _work_of_hostile_values(bench: Workbench) -> Work:
    """As one option makes that takes every value; others are only generated with it."""
    if not hostile_values.options_of_text(_of_generation(bench)):
        return Work()
    count = len(hostile_values.TEXTS)
    return Work(generations=count + 1, builds=1, rebuilds=count)


@clause(
    "options.extra_files",
    f"{SHIPPED}: extra_files_tar",
    level=Level.RECOMMENDED,
    effort=Work(generations=1),
)
def extra_files(bench: Workbench) -> None:
    """What is in the archive that extra_files_tar names lies in the project."""
    if not any(option["name"] == "extra_files_tar" for option in bench.listed):
        raise NotApplicable("there is no option extra_files_tar")
    bench.project()
    room = bench.place("extra")
    with tarfile.open(room / "extra.tar", "w") as tar:
        member = tarfile.TarInfo("extra/notes.txt")
        member.size = len(_NOTES)
        tar.addfile(member, io.BytesIO(_NOTES))
    error = bench.generate(room / "project", None, extra_files_tar=str(room / "extra.tar"))
    expect(error is None, str(error), "unpack it into the project")
    found = contents(room / "project").get("extra/notes.txt")
    expect(found == _NOTES, f"extra/notes.txt holds {found!r}", "unpack it into the project")


@clause("options.not_executed", f"{_SOURCE}; safety", effort=_work_of_hostile_values)
def not_executed(bench: Workbench) -> str:
    """No value of an option is executed, whatever quotes, newlines and dollar signs it holds."""
    found = _hostile_values(bench)
    executed = [text for text, what in found.items() if what == hostile_values.EXECUTED]
    expect(
        not executed,
        f"this value was executed: {executed[:1]}",
        "start programs without a shell, and allow only plain characters in what is written into "
        "CMake, Make or C text",
    )
    return f"{len(found)} values in each option that takes text"


@clause("options.odd_values", f"{_SOURCE}", level=Level.RECOMMENDED)
def odd_values(bench: Workbench) -> None:
    """A value with quotes, spaces or newlines is refused at once, or does no harm to the build."""
    broken = {
        text: what for text, what in _hostile_values(bench).items() if what.startswith("broke")
    }
    text, what = next(iter(broken.items()), ("", ""))
    expect(
        not broken,
        f"{text!r} was accepted by generate_project and {what}",
        "refuse what the build cannot take when the project is generated",
    )


def _expect_taken(bench: Workbench, options: dict[str, Any], advice: str) -> None:
    """Expect every method to take these options."""
    built = bench.flashed()
    target = bench.place("options") / "project"
    parameters = {**bench.parameters(target), "options": options}
    error = bench.server().ask("generate_project", **parameters)
    expect(error is None, f"{options}: {error}", advice)
    # The same project builds as the one that was built.
    is_same = contents(target) == bench.project_contents()
    with bench.start(built if is_same else target) as server:
        for method in ("build", "flash"):
            error = server.ask(method, options=options)
            expect(error is None, f"{options}: {error}", advice)


def _hostile_values(bench: Workbench) -> dict[str, str]:
    """What becomes of values that mean harm, by value."""
    bench.built()
    names = hostile_values.options_of_text(_of_generation(bench))
    if not names:
        raise NotApplicable("generate_project has no option that takes any text")
    found: dict[str, str] = bench.keep(
        "hostile values", lambda: hostile_values.try_all(bench, names)
    )
    return found


def _of_generation(bench: Workbench) -> list[dict[str, Any]]:
    return [
        option
        for option in bench.listed
        if "generate_project" in (*(option.get("required") or ()), *(option.get("optional") or ()))
    ]


def _expect_named(bench: Workbench, name: str, value: Any) -> None:
    """Expect an error that names the option."""
    bench.project()
    error: ReplyError | None = bench.generate(
        bench.place("option") / "project", None, **{name: value}
    )
    expect(
        error,
        f"{name}={value!r} was accepted",
        "hold options to what server_info_query lists",
    )
    assert error is not None
    expect(
        name in error.sentence,
        f"{name}={value!r} was answered with: {error.sentence}",
        "name the option, what was given and what is allowed",
    )
