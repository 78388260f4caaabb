# SPDX-License-Identifier: Apache-2.0
"""Choose a verb, run it, and turn what goes wrong into one line and an exit status.

A verb is a module with ``HELP``, ``EXAMPLES``, ``add_arguments(parser)`` and ``run(args, report)``.
What is slow to import is imported inside ``run``.
"""

from __future__ import annotations

import argparse
import os
import pathlib
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Sequence

from server_kit.disk import why_not_written
from server_kit.errors import JSONRPCError

from .. import __version__
from ..errors import MicroTVMError
from . import boards, build, check, compile, create, demo, doctor, flash, fork, info, run
from .arguments import UsageError, join_option_values
from .report import Report

_VERBS = {
    "compile": compile,
    "create": create,
    "build": build,
    "flash": flash,
    "run": run,
    "info": info,
    "demo": demo,
    "check": check,
    "fork": fork,
    "doctor": doctor,
    "boards": boards,
}
_EXIT_ERROR, _EXIT_USAGE, _EXIT_INTERRUPTED, _EXIT_BROKEN_PIPE = 1, 2, 130, 141
_ABOUT = "Put trained models on microcontrollers, through TVM's Project API."
_STEPS = """\
the steps, one after the other:
  microtvm compile model.tflite -o model.tar
  microtvm create my_project model.tar --template host
  microtvm build my_project
  microtvm flash my_project
  microtvm run my_project --inputs in.npz --outputs out.npz

microtvm VERB --help tells about each; microtvm demo shows them all.
"""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    argv : sequence of str, optional
        The arguments; those of the process when not given.

    Returns
    -------
    int
        The exit status: 0, 1 after an error, 2 for wrong usage, 130 after Ctrl-C.
    """
    given = list(sys.argv[1:] if argv is None else argv)
    args = _parser().parse_args(join_option_values(given))
    try:
        _VERBS[args.verb].run(args, Report(args.verb, json_wanted=args.json, verbose=args.verbose))
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has gone. Python would complain once more at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _EXIT_BROKEN_PIPE
    except KeyboardInterrupt:
        print("microtvm: interrupted", file=sys.stderr)
        return _EXIT_INTERRUPTED
    except UsageError as error:
        _complain(str(error))
        return _EXIT_USAGE
    except (MicroTVMError, JSONRPCError) as error:
        if args.verbose:
            _explain(error)
        hint = getattr(error, "hint", None)
        _complain(f"{error}; {hint}" if hint else str(error))
        return _EXIT_ERROR
    except Exception as error:
        if args.verbose:
            _explain(error)
        if isinstance(error, OSError) and why_not_written(error, pathlib.Path.cwd()):
            place = error.filename2 or error.filename or tempfile.gettempdir()
            why = why_not_written(error, pathlib.Path(str(place)))
            _complain(f"{place} cannot be written: {why}")
            return _EXIT_ERROR
        _complain(
            f"{type(error).__name__}: {error}; this is a mistake of this program,"
            " --verbose shows where"
        )
        return _EXIT_ERROR
    return 0


def _complain(sentence: str) -> None:
    print(f"microtvm: error: {sentence}", file=sys.stderr)


def _explain(error: BaseException) -> None:
    """Show what only whoever mends a template or this program wants to see."""
    traceback.print_exception(error)
    for name, title in (
        ("traceback", "the server's traceback"),
        ("details", "what was said below"),
    ):
        text = getattr(error, name, None)
        if text:
            print(f"--- {title} ---\n{text.rstrip()}\n---", file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    formatter = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        prog="microtvm", description=_ABOUT, epilog=_STEPS, formatter_class=formatter
    )
    parser.add_argument("--version", action="version", version=f"microtvm {__version__}")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for name, module in _VERBS.items():
        verb = verbs.add_parser(
            name,
            help=module.HELP,
            description=module.HELP[0].upper() + module.HELP[1:] + ".",
            epilog="examples:\n" + textwrap.indent(module.EXAMPLES.strip("\n"), "  "),
            formatter_class=formatter,
        )
        module.add_arguments(verb)
        verb.add_argument(
            "--json", action="store_true", help="print one JSON object and nothing else on stdout"
        )
        verb.add_argument(
            "-v",
            "--verbose",
            "--debug",
            action="store_true",
            help="show what the template's server prints, and tracebacks",
        )
    return parser
