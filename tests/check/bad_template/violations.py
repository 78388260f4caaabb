# SPDX-License-Identifier: Apache-2.0
"""For each clause of the conformance kit, the least that breaks it."""

from __future__ import annotations

import contextlib
import fcntl
import functools
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import time

HOOKS = {}
HERE = pathlib.Path(__file__).resolve().parent
IS_TEMPLATE = not (HERE / "model.tar").exists()


class State:
    """What happened to this server so far."""

    def __init__(self):
        self.methods = []
        self.is_open = False
        self.was_opened = False
        self.was_lost = False
        self.has_read = False
        self.sessions = 0
        self.held = []

    def note(self, request, reply):
        method = request.get("method")
        failed = not reply or "error" in reply
        if method == "open_transport" and not failed:
            self.is_open = self.was_opened = True
            self.sessions = 0
        if method == "close_transport" and not failed:
            self.is_open = False
        if method == "read_transport":
            self.has_read = True
            self.was_lost |= failed and reply["error"]["message"] == "TransportClosedError"


def breaks(clause, kind):
    """Register a violation: what it does, at which point."""

    def register(function):
        HOOKS[kind, clause] = function
        return function

    return register


def error(request, code, message):
    body = {"code": code, "message": message}
    return {"jsonrpc": "2.0", "id": request.get("id"), "error": body}


def break_info(clause):
    """Register a function that changes the answer to ``server_info_query``."""

    def register(change):
        @breaks(clause, "reply")
        def reply(request, reply, state, again):
            if reply and request.get("method") == "server_info_query" and "result" in reply:
                change(reply["result"])
            return reply

        return change

    return register


def break_code(clause, right, wrong):
    """Register a wrong error code."""

    @breaks(clause, "reply")
    def reply(request, reply, state, again):
        if reply and reply.get("error", {}).get("code") == right:
            reply["error"]["code"] = wrong
        return reply


def refuse(clause, message, when):
    """Register an error where there should be none."""

    @breaks(clause, "reply")
    def reply(request, reply, state, again):
        if reply and "method" in request and when(request, state):
            return error(request, -32000, message)
        return reply


# --- info


@break_info("info.fields")
def _(info):
    if info["is_template"]:
        del info["model_library_format_path"]


@break_info("info.platform_name")
def _(info):
    info["platform_name"] = "my platform!"


@break_info("info.no_model")
def _(info):
    info["model_library_format_path"] = "model.tar"


@break_info("info.protocol_version")
def _(info):
    info["protocol_version"] = 2


@break_info("info.options")
def _(info):
    next(o for o in info["project_options"] if o["name"] == "cmsis_path")["type"] = "path"


@break_info("info.option_defaults")
def _(info):
    next(o for o in info["project_options"] if o["name"] == "verbose")["default"] = "no"


refuse(
    "info.unknown_version",
    "TVM too new",
    lambda request, state: request["params"].get("tvm_version", "").startswith("99"),
)


@breaks("info.executable", "start")
def _(server, path):
    os.chmod(path, 0o644)


@breaks("info.debug", "start")
def _(server, path):
    if "--debug" in sys.argv:
        sys.exit("unknown argument --debug")


# --- jsonrpc


@breaks("jsonrpc.parse_error", "line")
def _(go, line):
    try:
        json.loads(line)
    except ValueError:
        return json.dumps(error({}, -32000, "what?")).encode() + b"\n"
    return go(line)


break_code("jsonrpc.invalid_request", -32600, -32603)
break_code("jsonrpc.unknown_method", -32601, -32000)


@breaks("jsonrpc.invalid_params", "reply")
def _(request, reply, state, again):
    by_name = isinstance(request.get("params"), dict)
    if by_name and reply and reply.get("error", {}).get("code") == -32602:
        reply["error"]["code"] = -32000
    return reply


@breaks("jsonrpc.wrong_types", "request")
def _(request, state):
    params = request.get("params")
    if isinstance(params, dict) and params.get("project_dir") == 5:
        params["project_dir"] = f"{params['model_library_format_path']}.5"
    return request


@breaks("jsonrpc.ids", "reply")
def _(request, reply, state, again):
    if reply and reply["id"] == "":
        reply["id"] = None
    return reply


@breaks("jsonrpc.notification", "reply")
def _(request, reply, state, again):
    return reply or {"jsonrpc": "2.0", "id": None, "result": None}


@breaks("jsonrpc.batch", "line")
def _(go, line):
    if line.startswith(b"[") and line.endswith(b"]"):
        return json.dumps(error({}, -32600, "no batches")).encode() + b"\n"
    return go(line)


@breaks("jsonrpc.positional", "reply")
def _(request, reply, state, again):
    if isinstance(request.get("params"), list):
        return error(request, -32602, "no positions")
    return reply


@breaks("jsonrpc.long_line", "start")
def _(server, path):
    server.LineReader = functools.partial(server.LineReader, limit=1 << 30)


# --- generate, project


@breaks("generate.project", "generate")
def _(go, archive, target, options):
    go()
    (target / "microtvm_api_server.py").unlink()


@breaks("generate.existing_directory", "generate")
def _(go, archive, target, options):
    if target.exists():
        shutil.rmtree(target)
    go()


@breaks("generate.atomic", "generate")
def _(go, archive, target, options):
    try:
        go()
    except Exception:
        if not target.exists() and not options["extra_files_tar"]:
            target.mkdir(parents=True)
        raise


@breaks("generate.atomic_late", "generate")
def _(go, archive, target, options):
    try:
        go()
    except Exception:
        if options["extra_files_tar"]:
            shutil.copytree(HERE / "src", target)
        raise


@breaks("generate.error_sentence", "generate")
def _(go, archive, target, options):
    if not archive.exists():
        raise RuntimeError("failed")
    go()


@break_info("project.info")
def _(info):
    if not info["is_template"]:
        info["is_template"] = None


@breaks("project.methods", "reply")
def _(request, reply, state, again):
    if request.get("method") == "build" and IS_TEMPLATE:
        return {"jsonrpc": "2.0", "id": request["id"], "result": None}
    return reply


@break_info("project.model_path")
def _(info):
    if not info["is_template"]:
        info["model_library_format_path"] = str(HERE / "project.json")


@breaks("project.self_contained", "generate")
def _(go, archive, target, options):
    go()
    (target / "template.txt").write_text(str(HERE))


@breaks("project.self_contained", "build")
def _(go):
    if not os.path.isdir((HERE / "template.txt").read_text()):
        raise RuntimeError("the template is gone")
    go()


@breaks("project.movable", "generate")
def _(go, archive, target, options):
    go()
    (target / "place.txt").write_text(str(target))


@breaks("project.movable", "build")
def _(go):
    if (HERE / "place.txt").read_text() != str(HERE):
        raise RuntimeError("the project was moved")
    go()


# --- options


def drop_options(clause, is_wrong):
    @breaks(clause, "request")
    def request(request, state):
        params = request.get("params")
        if request.get("method") == "generate_project":
            given = params["options"]
            params["options"] = {n: v for n, v in given.items() if not is_wrong(n, v)}
        return request


drop_options("options.unknown", lambda name, value: name == "no_such_option")
drop_options("options.wrong_type", lambda name, value: value == "neither number nor truth")
drop_options("options.wrong_choice", lambda name, value: value == "none of these")


@breaks("options.missing", "request")
def _(request, state):
    if request.get("method") == "generate_project" and not request["params"]["options"]["flavour"]:
        request["params"]["options"]["flavour"] = "plain"
    return request


def options_of(request):
    params = request.get("params")
    found = params.get("options") if isinstance(params, dict) else None
    return found if isinstance(found, dict) else {}


refuse(
    "options.only_given",
    "verbose is missing",
    lambda request, state: request["method"] == "build" and "verbose" not in options_of(request),
)
refuse(
    "options.null",
    "null is no value",
    lambda request, state: request["method"] == "flash" and None in options_of(request).values(),
)
refuse(
    "options.as_text",
    "text is no truth",
    lambda request, state: "False" in options_of(request).values(),
)


@breaks("options.values_matter", "generate")
def _(go, archive, target, options):
    options.update(verbose=False, warning_as_error=False, workspace_size_bytes=None)
    go()


@breaks("options.extra_files", "generate")
def _(go, archive, target, options):
    if str(options["extra_files_tar"]).endswith("extra.tar"):
        options["extra_files_tar"] = None
    go()


@breaks("options.not_executed", "generate")
def _(go, archive, target, options):
    go()
    os.system(f"echo {options['flavour']} >/dev/null 2>&1")


@breaks("options.not_executed in quotes, once", "build")
def _(go):
    if not (HERE / "build").exists():
        os.system(f"echo '{(HERE / 'flavour.txt').read_text()}' >/dev/null 2>&1")
    go()


@breaks("options.not_executed alone", "build")
def _(go):
    flavour = (HERE / "flavour.txt").read_text()
    if flavour.startswith('a"') and len(flavour) < 200:
        os.system(f'echo "{flavour}" >/dev/null 2>&1')
    go()


@breaks("options.odd_values", "build")
def _(go):
    if '"' in (HERE / "flavour.txt").read_text():
        raise RuntimeError("a quote too many")
    go()


# --- archive


def accept(clause, is_it, *, unpack=False):
    """Register that a kind of archive is taken for a good one."""

    @breaks(clause, "generate")
    def generate(go, archive, target, options):
        try:
            go()
        except Exception:
            if not is_it(archive):
                raise
            if unpack:
                with tarfile.open(archive) as tar:
                    for member in tar:
                        take = {"filter": "fully_trusted"} if sys.version_info >= (3, 12) else {}
                        tar.extract(member, target, **take)
            target.mkdir(exist_ok=True)


def has(is_wrong):
    def look(archive):
        with contextlib.suppress(tarfile.TarError, OSError), tarfile.open(archive) as tar:
            return any(is_wrong(member) for member in tar)
        return False

    return look


accept("archive.absolute_path", has(lambda m: m.name.startswith("/")), unpack=True)
accept("archive.parent_path", has(lambda m: ".." in m.name.split("/")), unpack=True)
accept("archive.symbolic_link", has(lambda m: m.issym()), unpack=True)
accept("archive.hard_link", has(lambda m: m.islnk()))
accept("archive.device", has(lambda m: m.isfifo()))
accept("archive.sparse", has(lambda m: m.issparse()))
accept("archive.truncated", lambda archive: archive.name == "truncated.tar")
accept("archive.not_a_tar", lambda archive: archive.exists() and not tarfile.is_tarfile(archive))
accept(
    "archive.no_metadata",
    lambda archive: archive.name == "no-metadata.tar",
)


accept("archive.metadata", lambda archive: archive.name == "metadata.tar")


# --- build


@breaks("build.builds", "build")
def _(go):
    raise RuntimeError("no compiler today")


@breaks("build.again", "build")
def _(go):
    (HERE / "build").mkdir()
    go()


@breaks("build.leaves_no_process", "build")
def _(go):
    go()
    sleeper()


@breaks("build.flash", "flash")
def _(go):
    (HERE / "flashed").touch(exist_ok=False)


@breaks("build.odd_directory", "build")
def _(go):
    if "'" in str(HERE):
        raise RuntimeError("an odd directory")
    go()


# --- transport


@breaks("transport.timeouts", "reply")
def _(request, reply, state, again):
    if reply and "result" in reply and request.get("method") == "open_transport":
        del reply["result"]["timeouts"]["session_start_timeout_sec"]
    return reply


refuse(
    "transport.open_close_twice",
    "opened once too often",
    lambda request, state: (
        request["method"] == "open_transport"
        and state.was_opened
        and not state.is_open
        and not state.has_read
    ),
)
refuse(
    "transport.close_unopened",
    "nothing to close",
    lambda request, state: request["method"] == "close_transport" and not state.was_opened,
)
refuse(
    "transport.open_twice",
    "TransportClosedError",
    lambda request, state: request["method"] == "open_transport" and state.is_open,
)
refuse(
    "transport.read_unopened",
    "not open",
    lambda request, state: request["method"] == "read_transport" and not state.was_opened,
)
refuse(
    "transport.open_unbuilt",
    "not open",
    lambda request, state: (
        request["method"] == "read_transport"
        and not state.was_opened
        and "open_transport" in state.methods
    ),
)
refuse(
    "transport.write_unopened",
    "not open",
    lambda request, state: request["method"] == "write_transport" and not state.was_opened,
)
refuse(
    "transport.closed_is_closed",
    "not open",
    lambda request, state: (
        request["method"] == "read_transport" and state.was_opened and not state.is_open
    ),
)


def change_read(clause, change):
    @breaks(clause, "request")
    def request(request, state):
        if request.get("method") == "read_transport":
            change(request["params"])
        return request


change_read("transport.exact_read", lambda params: params.update(n=3) if params["n"] == 7 else None)
change_read(
    "transport.deadline",
    lambda params: params.update(timeout_sec=0.5) if params["timeout_sec"] == 0.2 else None,
)
change_read(
    "transport.zero_timeout",
    lambda params: params.update(timeout_sec=0.2) if params["timeout_sec"] == 0 else None,
)


change_read(
    "transport.no_limit",
    lambda params: params.update(timeout_sec=1) if params["timeout_sec"] is None else None,
)


@breaks("transport.read_nothing", "reply")
def _(request, reply, state, again):
    if request["method"] == "read_transport" and request["params"]["n"] == 0:
        reply["result"] = None
    return reply


refuse(
    "transport.write_nothing",
    "nothing to write",
    lambda request, state: (
        request["method"] == "write_transport" and request["params"]["data"] == ""
    ),
)


@breaks("transport.write_pieces", "request")
def _(request, state):
    if request.get("method") == "write_transport" and len(request["params"]["data"]) == 4:
        request["params"]["data"] += "0"  # three bytes become four
    return request


@breaks("transport.not_base85", "request")
def _(request, state):
    if request.get("method") == "write_transport" and '"' in request["params"]["data"]:
        request["params"]["data"] = ""
    return request


@breaks("transport.odd_count", "request")
def _(request, state):
    if request.get("method") == "read_transport" and request["params"]["n"] == -1:
        request["params"]["n"] = 0
    return request


@breaks("transport.odd_timeout", "request")
def _(request, state):
    if request.get("method") == "read_transport" and request["params"]["timeout_sec"] == -1:
        request["params"]["timeout_sec"] = 0
    return request


@breaks("transport.write_deadline", "request")
def _(request, state):
    if request.get("method") == "write_transport" and request["params"]["timeout_sec"] == 0.2:
        request["params"]["timeout_sec"] = None
    return request


@breaks("transport.late_data", "reply")
def _(request, reply, state, again):
    late = (reply or {}).get("error", {}).get("message") == "IoTimeoutError"
    if late and request["method"] == "read_transport":
        one = {**request, "params": {"n": 1, "timeout_sec": 0}}
        while b"error" not in again(json.dumps(one).encode()):
            pass
    return reply


refuse(
    "transport.rfc_names",
    "no such method",
    lambda request, state: request["method"] == "connect_transport",
)


# --- device


def starts_session(request):
    """A NOP and two packets, which is how every client begins."""
    if request["method"] != "write_transport":
        return False
    from server_kit.api import base85

    data = base85.decode(request["params"]["data"])
    return data.startswith(b"\xfe") and len(data) > 1


refuse("device.session", "the wire is cut", lambda request, state: starts_session(request))


@breaks("device.model", "generate")
def _(go, archive, target, options):
    go()
    kernel = target / "model" / "codegen" / "host" / "src" / "default_lib0.c"
    kernel.write_text(kernel.read_text().replace("+ 1.0f", "+ 2.0f"))


refuse(
    "device.mebibyte",
    "too much",
    lambda request, state: (
        request["method"] == "write_transport" and len(request["params"]["data"]) > 30000
    ),
)


@breaks("device.second_session", "reply")
def _(request, reply, state, again):
    if starts_session(request):
        state.sessions += 1
        if state.sessions > 1:
            return error(request, -32000, "one session is enough")
    return reply


# --- endings


@breaks("endings.device_gone", "reply")
def _(request, reply, state, again):
    closed = reply and reply.get("error", {}).get("message") == "TransportClosedError"
    if closed and state.is_open:
        reply["error"]["message"] = "broken pipe"
    return reply


refuse(
    "endings.device_back",
    "gone is gone",
    lambda request, state: request["method"] == "open_transport" and state.was_lost,
)


@breaks("endings.hang_up", "start")
def _(server, path):
    """Nobody watches, and the end of the input is slept through by a server that did no work."""
    start, serve = server.watcher.start, server.serve
    pipes = []
    server.watcher.start = lambda *fds: pipes.extend(fds)

    def serve_and_linger(reader, write_fd, dispatcher):
        answer = dispatcher.answer

        def watch_first(line):
            if b"server_info_query" not in line:
                start(*pipes)
            return answer(line)

        dispatcher.answer = watch_first
        serve(reader, write_fd, dispatcher)
        if set(dispatcher.state.methods) == {"server_info_query"}:
            time.sleep(60)

    server.serve = serve_and_linger


def sleeper():
    return subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])


@breaks("endings.killed_generating", "generate")
def _(go, archive, target, options):
    if not target.exists():
        target.mkdir(parents=True)
        time.sleep(0.3)
        target.rmdir()
    go()


@breaks("endings.killed_building", "build")
def _(go):
    process = sleeper()
    time.sleep(0.3)
    go()
    process.kill()


@breaks("endings.killed_connected", "reply")
def _(request, reply, state, again):
    if request["method"] == "open_transport":
        state.held.append(sleeper())
    if request["method"] == "close_transport":
        for process in state.held:
            process.kill()
    return reply


@breaks("endings.two_generate", "generate")
def _(go, archive, target, options):
    with open(HERE / "lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        time.sleep(0.5)
        go()


@breaks("endings.two_connect", "reply")
def _(request, reply, state, again):
    if request["method"] == "open_transport":
        state.held.append(os.open(HERE / "lock", os.O_WRONLY | os.O_CREAT))
        try:
            fcntl.flock(state.held[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            return error(request, -32000, "calling method open_transport")
    if request["method"] == "close_transport":
        while state.held:
            os.close(state.held.pop())
    return reply
