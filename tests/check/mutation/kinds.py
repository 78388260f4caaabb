# SPDX-License-Identifier: Apache-2.0
"""Why no clause is made of a mutant that none notices: kinds, by what the mutant is called."""

from __future__ import annotations

import re
from typing import NamedTuple


class Kind(NamedTuple):
    """Mutants that are explained alike."""

    name: str
    why: str
    pattern: str
    """A regular expression that finds them by `Mutant.id`."""


KINDS = (
    Kind(
        "what people read",
        "errors are errors all the same; their words, logs and help are tested in tests/server_kit",
        r"errors\.py: (shown|_format_traceback|NamedServerError|JSONRPCError.__init__)"
        r"|: (_kind|_in_words|how_it_ended|did_you_mean|_listed|_reason|ArchiveError)"
        r"|: \w+\.(_progress|_how_it_ended|_allowed|error|_error)"
        r"|dropped: log\.|debug_enabled|_USAGE|\.replace\(\*\*|server\.py: (_fd|_parse)"
        r"|default_project_options\(project_type|ModelArchive\.only_module|footprint|indent=2"
        r"|_version: .*wanted|_unwritable|raise said"
        r"|measure\(|build_firmware: constant plus",
    ),
    Kind(
        "no difference",
        "a default spelt out (some since Python 3.11), a cache of Python, a buffer",
        r"left out: .*(to_bytes|from_bytes)\(|'(utf-8|ascii)'|set_int_max_str_digits|_to_int"
        r"|jsonrpc\.py: : |default=None|enumerate\(|daemon=True"
        r"|closefd|LineReader\.__init__: constant|register\(fd, wanted\)"
        r"|processes\.py: start: |_ignored|ignore=_ignored",
    ),
    Kind(
        "a limit or default of ours",
        "sizes, times and defaults that the API does not name; tests/server_kit has them",
        r": : constant plus 1|MAX_|_MAX_|_LONGEST|_CHUNK_BYTES|_limit\b|GRACE_SEC|_EXIT_SEC"
        r"|_exit_sec|CLEAN_UP_SEC|: LineReader\._rest|timeout_sec=(2|20|300)|_MOST"
        r"|default_project_options: constant|LineReader\.read: constant|_watch: constant",
    ),
    Kind(
        "taken more kindly than it must be",
        "every client sends it as the API says",
        r"methods\.py: project_api: |_id_of|_is_id: nothing|line or None|_read_str: .*join"
        r"|_read_(int|bool|float|str): .*(strip|lower|0x)|casefold"
        r"|_no_constant|required, optional = |tvm_version is a string",
    ),
    Kind(
        "a mistake of whoever writes a template",
        "it shows when the server starts; tests/server_kit has it",
        r"ProjectOption\.__init__: .*(raise|negated: (type|not methods|unknown))"
        r"|no such default option|default_project_options: .*unknown"
        r"|Dispatcher\._call: dropped: raise ServerError",
    ),
    Kind(
        "a model for another runtime",
        "operators by themselves, TVM's C runtime, CMSIS-NN: tests/crt, tests/end_to_end",
        r"is_runtime|tvm_crt|'crt'|cmsis|_unneeded|Tensor\.__init__|_arguments|_Json\.(shape"
        r"|array|first)"
        r"|Module\.__init__|_modules: nothing returned: return \[Module\(metadata\.text|defect"
        r"|is_served_by_tvm|_crt_dir|energy|arrange|texts|_tensors|tensor_bytes|tvm_bytes"
        r"|_main_function"
        r"|Module\(metadata\.text|_vet: dropped: continue|ModelArchive\.__enter__",
    ),
    Kind(
        "a disk that is full or read-only",
        "tests/disk fills one",
        r"why_not_written|_is_writing|is_writing|_in_project: .*(why|archive|raise)|_unwritable"
        r"|said"
        r"|ProjectWriter\.__enter__|_publish: dropped: raise|_discard: dropped: break",
    ),
    Kind(
        "kill -9 of the server, or two at the same moment",
        "clients close the pipe; tests/server_kit/test_endings.py and test_writer.py have it",
        r"sessions\.py: (guard|_group_of|_all_processes|send)|ask_the_kernel"
        r"|_end_with_this_process|_guard\b"
        r"|release|_remove_stale|writer\.py: (_lock|\w+\._make_directory: .*_lock)|_lock"
        r"|Deferred|_pending|_raised"
        r"|interrupts\.py|os\._exit"
        r"|sessions\.py",
    ),
    Kind(
        "one of two guards",
        "another one finds the same: a later check, the kernel, the end of a process",
        r"decode: .*(at >= 0|: 0$|_ALPHABET)|close\(\)|seek\(0\)|holds no \{METADATA"
        r"|return version$"
        r"|processes\.py: end|suppress\(|_close: |Transport\.open: dropped: self\.close"
        r"|_is_open = False"
        r"|_require_open|assert |main_thread is not None"
        r"|_options: dropped: raise|Archive\.__init__: dropped: raise"
        r"|SafeTar\.__init__: dropped: raise"
        r"|data is (not base85|a string)|OptionError\(f'\{method\}: \{error|_read_str: (dropped"
        r"|and for)|\.facts: dropped"
        r"|_check_target: dropped|Transport\.(close|__init__): constant|pthread_sigmask"
        r"|_received\.clear"
        r"|_discard: constant|stdin is not None|Generation\.__enter__: dropped: raise"
        r"|target\.parent\.mkdir|copy: constant",
    ),
    Kind(
        "archives that are odd and harmless",
        "tests/server_kit/test_archive.py has them",
        r"twice|odd path|which is a file|_vet_nesting|gzip|GZIP|is not a file|a member of type"
        r"|_vet: constant"
        r"|damaged within|EOFError|SafeTar\.unpack: dropped: \(directory|_version: "
        r"|_Json\.(text|choice|number)|SafeTar\.unpack: |SafeTar\.read: dropped",
    ),
    Kind(
        "what the host template never does",
        "no option of type float, none that is required without a default, nothing to flash; the "
        "check builds no project without a transport; bad_template and tests/server_kit have them",
        r"_read_float|_Calls\.flash|open_transport: dropped: raise|read_some|project\.write\(name"
        r"|is required|_send: dropped: self\._received",
    ),
)


def kind_of(id: str) -> Kind | None:
    """Give the first kind that a mutant is of."""
    return next((kind for kind in KINDS if re.search(kind.pattern, id)), None)
