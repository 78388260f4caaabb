# SPDX-License-Identifier: Apache-2.0
"""Project options: what a template lists, and what a client's values become.

Clients differ. TVM 0.8 sends what the user typed; ``tvmc`` sends every value as a string; from 0.12
on every listed option is sent to every method, with null for those the user did not set. So null
means "not given", strings are read as the option's type, and another method's option is no error.
"""

from __future__ import annotations

from ..errors import OptionError, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Callable, Iterable, Mapping, Sequence

METHODS_WITH_OPTIONS = ("generate_project", "build", "flash", "open_transport")


class ProjectOption:
    """One option a client may set.

    Parameters
    ----------
    name : str
        The name on the wire and on command lines.
    help : str
        One sentence for people.
    type : str
        "str", "int", "float" or "bool", as TVM names them.
    choices : sequence of str, optional
        The values allowed; anything when None.
    default : optional
        The value where the client gives none.
    required, optional : sequence of str, optional
        The methods that need, and that take, this option. One with a default is needed by none,
        and is listed so: clients ask their users for what is required.
    """

    def __init__(
        self,
        name: str,
        *,
        help: str,
        type: str = "str",
        choices: Sequence[Any] | None = None,
        default: Any = None,
        required: Sequence[str] | None = None,
        optional: Sequence[str] | None = None,
    ) -> None:
        if type not in _READERS:
            raise ValueError(f"option {name!r}: type is one of {_listed(_READERS)}, not {type!r}")
        methods = (*(required or ()), *(optional or ()))
        if not methods:
            raise ValueError(f"option {name!r} belongs to no method")
        unknown = [method for method in methods if method not in METHODS_WITH_OPTIONS]
        if unknown:
            raise ValueError(f"option {name!r}: {unknown[0]!r} is no method that takes options")
        self.name = name
        self.help = help
        self.type = type
        self.choices = list(choices) if choices is not None else None
        self.default = default
        if default is not None:
            required, optional = None, methods
        self.required = list(required) if required else None
        self.optional = list(optional) if optional else None

    def to_json(self) -> dict[str, Any]:
        """The option's entry in a reply to ``server_info_query``, as TVM 0.9 and later read it."""
        return {
            "name": self.name,
            "choices": self.choices,
            "default": self.default,
            "type": self.type,
            "required": self.required,
            "optional": self.optional,
            "help": self.help,
        }

    def replace(self, **changes: Any) -> ProjectOption:
        """A copy in which some attributes differ."""
        return ProjectOption(**{**self.to_json(), **changes})

    def belongs_to(self, method: str) -> bool:
        """Whether the method takes this option."""
        return method in (self.required or ()) or method in (self.optional or ())

    def read(self, given: Any) -> Any:
        """Turn what a client sent into a value of this option's type.

        Raises
        ------
        OptionError :
            When it is of another type or not among the choices.
        """
        try:
            value = _READERS[self.type](given)
        except (TypeError, ValueError, OverflowError):
            raise OptionError(
                f"option {self.name!r} was given {shown(given)}; allowed is {self._allowed()}"
            ) from None
        if self.choices is not None and value not in self.choices:
            raise OptionError(
                f"option {self.name!r} was given {shown(given)}; allowed is {self._allowed()}"
                + did_you_mean(str(value), [str(choice) for choice in self.choices])
            )
        return value

    def _allowed(self) -> str:
        if self.choices is not None:
            return "one of " + _listed(self.choices)
        return _TYPE_IN_WORDS[self.type]


def read_options(
    options: Iterable[ProjectOption], method: str, given: Mapping[str, Any]
) -> dict[str, Any]:
    """Validate what a client sent to a method.

    Parameters
    ----------
    options : iterable of ProjectOption
        All options the server lists.
    method : str
        The method called, by its shipped name.
    given : mapping
        Option name to value, as decoded from JSON.

    Returns
    -------
    dict :
        A value for every option of the method: the client's, or the default.

    Raises
    ------
    OptionError :
        Naming the option, what was given, what is allowed and the nearest name.
    """
    known = {option.name: option for option in options}
    for name in given:
        if name not in known:
            raise OptionError(
                f"{method}: there is no option {shown(name)}{did_you_mean(name, known)}; "
                f"the options are {_listed(known) or 'none'}"
            )
    values = {}
    for option in known.values():
        if not option.belongs_to(method):
            continue
        if given.get(option.name) is not None:
            try:
                values[option.name] = option.read(given[option.name])
            except OptionError as error:
                raise OptionError(f"{method}: {error}") from None
        elif option.default is None and method in (option.required or ()):
            raise OptionError(
                f"{method}: option {option.name!r} is required ({option.help}); "
                f"allowed is {option._allowed()}"
            )
        else:
            values[option.name] = option.default
    return values


def default_project_options(**changes: Mapping[str, Any]) -> list[ProjectOption]:
    """The options every template has: those of TVM 0.11 and later, and the size of its memory.

    Parameters
    ----------
    **changes : mapping
        Option name to the attributes in which this template's option differs.

    Returns
    -------
    list of ProjectOption
    """
    options = [
        ProjectOption(
            "verbose",
            optional=["generate_project", "build"],
            type="bool",
            default=False,
            help="Show the commands of the build.",
        ),
        ProjectOption(
            "project_type", required=["generate_project"], help="Type of project to generate."
        ),
        ProjectOption("board", required=["generate_project"], help="Board to build for."),
        ProjectOption(
            "cmsis_path",
            optional=["generate_project"],
            help="Directory of CMSIS-NN or CMSIS 5, for models that call it.",
        ),
        ProjectOption(
            "workspace_size_bytes",
            optional=["generate_project"],
            type="int",
            help="Memory for tensors; by default what the model's inputs and outputs need.",
        ),
        ProjectOption(
            "warning_as_error",
            optional=["generate_project"],
            type="bool",
            default=False,
            help="Treat compiler warnings as errors.",
        ),
        ProjectOption(
            "compile_definitions",
            optional=["generate_project"],
            help="Preprocessor definitions for the whole project, for example '-DA=1 -DB'.",
        ),
        ProjectOption(
            "extra_files_tar",
            optional=["generate_project"],
            help="Tar archive to unpack into the project when it is generated.",
        ),
    ]
    unknown = set(changes) - {option.name for option in options}
    if unknown:
        raise ValueError(f"{_listed(sorted(unknown))}: no such default option")
    return [option.replace(**changes.get(option.name, {})) for option in options]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean 'x'?)``, or nothing where no name is near."""
    import difflib

    names = {each.casefold(): each for each in known}
    nearest = difflib.get_close_matches(name.casefold(), list(names), n=1)
    return f" (did you mean {names[nearest[0]]!r}?)" if nearest else ""


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(str(name) for name in names)


def _read_str(given: Any) -> str:
    if isinstance(given, list) and all(isinstance(word, str) for word in given):
        return " ".join(given)  # TVM 0.18's users pass compile_definitions as a list
    if isinstance(given, bool) or not isinstance(given, (str, int, float)):
        raise TypeError
    if "\0" in str(given):
        raise ValueError
    return str(given)


def _read_int(given: Any) -> int:
    if isinstance(given, bool):
        raise TypeError
    if isinstance(given, str):
        return int(given, 0) if given.strip().lower().startswith("0x") else int(given)
    if isinstance(given, float) and not given.is_integer():
        raise ValueError
    return int(given)


def _read_float(given: Any) -> float:
    if isinstance(given, bool):
        raise TypeError
    value = float(given)
    if value - value != 0:  # an infinity, or not a number
        raise ValueError
    return value


def _read_bool(given: Any) -> bool:
    word = str(given).strip().lower()
    if word in ("true", "1", "yes", "on"):
        return True
    if word in ("false", "0", "no", "off"):
        return False
    raise ValueError


_READERS: dict[str, Callable[[Any], Any]] = {
    "str": _read_str,
    "int": _read_int,
    "float": _read_float,
    "bool": _read_bool,
}

_TYPE_IN_WORDS = {
    "str": "a string",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
}
