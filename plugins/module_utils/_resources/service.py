# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""A process in a namespace, known by its name there."""

from __future__ import annotations

import dataclasses
import re
import shlex
import typing as t
import urllib.parse

from .._values.errors import InvalidOption, VirtnetError
from .._values.operation import Change, Operation, StartService, StopService
from .._values.state import Service
from .._values.world import World
from . import checks
from .former import completed
from .option import Option
from .resource import Kind, Options, Plan, in_namespace, typed

DIRECTORY = "/run/virtnet/services"
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_@+-]{0,63}")
_VARIABLE = re.compile(r"[^=\0]+")
_SIGNS = ("tcp", "udp", "file", "log")
_MARK = "VIRTNET_SERVICE"  # what the processes of a service are found by
_ENVIRONMENT = Option("environment", "dict", "", "env", default={})


@dataclasses.dataclass(frozen=True)
class ServiceResource:
    """A service that a user named.

    :param environment: None: not asked; a new service has none then, and a running one keeps its own.
    """

    netns: str | None
    name: str
    command: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] | None = None
    ready: tuple[tuple[str, t.Any], ...] = ()
    timeout: float = 10.0
    stopped: bool = False

    @property
    def identity(self) -> tuple[t.Hashable, ...]:
        """A service is known by its name in its namespace."""
        return ("service", self.netns, self.name)

    def _found(self, world: World) -> Service | None:
        if not world.exists(self.netns):
            return None
        return t.cast("Service | None", world.section(self.netns, "service").get(self.name))

    def _wanted(self, found: Service | None) -> Service | None:
        if self.stopped:
            return None
        environment = self.environment
        if environment is None:
            environment = found.environment if found is not None else ()
        return Service(self.name, self.command, environment, ready=self.ready, timeout=self.timeout)

    def plan(self, world: World) -> Plan:
        """Start it, end it, or both, when it runs with another command or environment."""
        if not self.stopped:
            world.require(self.netns)
        found = self._found(world)
        wanted = self._wanted(found)
        if found is not None and found != wanted:
            yield stop(self.netns, found)
        if wanted is not None and found != wanted:
            yield start(self.netns, wanted)

    def view(self, world: World) -> dict[str, t.Any]:
        """What is asked, as the world has it."""
        found = self._found(world)
        if found is None or not found.running:
            return {"state": "stopped"}
        return {"state": "started", "command": list(found.command), "environment": dict(found.environment)}

    def report(self, world: World) -> dict[str, t.Any] | None:
        """The service as it runs."""
        found = self._found(world)
        if found is None or not found.running:
            return None
        return {
            "name": found.name,
            "netns": self.netns,
            "command": list(found.command),
            "environment": dict(found.environment),
            "pid": found.pid,
            "log": found.log,
        }


def start(netns: str | None, service: Service) -> Operation:
    """Start a service, and wait until it is ready."""
    return Operation(
        f"start service {service.name!r}{in_namespace(netns)}",
        StartService(netns, service.name, service.command, service.environment, service.ready, service.timeout),
        (*_typed_start(netns, service), *(_typed_wait(netns, service, sign, value) for sign, value in service.ready)),
        (Change(netns, "service", service.name, service),),
    )


def stop(netns: str | None, service: Service) -> Operation:
    """End a service and everything that it started."""
    pid = service.pid or f"$(cat {shlex.quote(_path(netns, service.name, 'pid'))})"
    return Operation(
        f"stop service {service.name!r}{in_namespace(netns)}",
        StopService(netns, service.name),
        (f"kill {pid}",),
        (Change(netns, "service", service.name, None),),
    )


def _path(netns: str | None, name: str, suffix: str) -> str:
    folder = "-" if netns is None else urllib.parse.quote(netns, safe="")
    return f"{DIRECTORY}/{folder}/{name}.{suffix}"


def _typed_start(netns: str | None, service: Service) -> tuple[str, ...]:
    """In a shell, nohup is replaced by the program and `$!` is its process id; setsid may fork before."""
    log, pid = (shlex.quote(_path(netns, service.name, suffix)) for suffix in ("log", "pid"))
    folder = shlex.quote(_path(netns, service.name, "log").rpartition("/")[0])
    variables = [f"{name}={value}" for name, value in service.environment]
    words = [*variables, "nohup", *service.command] if variables else service.command
    command = typed(netns, *words, tool="env" if variables else "nohup")
    return (
        f"install -d -m 700 /run/virtnet {DIRECTORY} {folder}",
        f"{command} </dev/null >{log} 2>&1 & echo $! >{pid}",
    )


def _typed_wait(netns: str | None, service: Service, sign: str, value: t.Any) -> str:
    if sign in ("tcp", "udp"):
        sockets = typed(netns, "-H", "-ln", f"--{sign}", f"sport = :{value}", tool="ss")
        return f"until {sockets} | grep -q .; do sleep 0.1; done"
    if sign == "file":
        return f"until test -e {shlex.quote(value)}; do sleep 0.1; done"
    log = shlex.quote(_path(netns, service.name, "log"))
    return f"until grep -qP -e {shlex.quote(value)} {log}; do sleep 0.1; done"


def parse(options: Options) -> ServiceResource:
    """A service from validated options."""
    name = options["name"]
    if not _NAME.fullmatch(name):
        raise InvalidOption(
            "name", name, "is not a service's name: letters, digits, '_', '@', '+' and (not first) '-', at most 64"
        )
    command, stopped = options.get("command"), options["state"] == "stopped"
    if not stopped and not command:
        raise VirtnetError(f"command: service {name!r} needs a command, a list of the program and its arguments")
    ready = options.get("ready") or {}
    timeout = ready.get("timeout")
    environment = completed(options, (_ENVIRONMENT,)).get("environment")
    return ServiceResource(
        netns=checks.namespace("netns", options.get("netns")),
        name=name,
        command=_command(command or []),
        environment=None if environment is None else _environment(environment),
        ready=_signs(ready),
        timeout=checks.between("ready.timeout", 10.0 if timeout is None else timeout, 0, 3600),
        stopped=stopped,
    )


def _command(words: t.Sequence[str]) -> tuple[str, ...]:
    for word in words:
        if "\0" in word:
            raise InvalidOption("command", word, "has a zero byte, which no argument can have")
    if words and (not words[0] or ("/" in words[0] and not words[0].startswith("/"))):
        raise InvalidOption("command", words[0], "is not a program: give its name, or its absolute path")
    return tuple(words)


def _environment(variables: t.Mapping[str, t.Any]) -> tuple[tuple[str, str], ...]:
    for name, value in variables.items():
        if not _VARIABLE.fullmatch(str(name)) or name == _MARK:
            raise InvalidOption("environment", name, "is not a name for a variable")
        if isinstance(value, bool) or not isinstance(value, (str, int, float)) or "\0" in str(value):
            raise InvalidOption(f"environment.{name}", value, "is not a text; put it in quotes")
    return tuple(sorted((str(name), str(value)) for name, value in variables.items()))


def _signs(ready: Options) -> tuple[tuple[str, t.Any], ...]:
    signs = tuple((sign, ready[sign]) for sign in _SIGNS if ready.get(sign) is not None)
    if ready and not signs:
        given = {name: value for name, value in ready.items() if value is not None}
        raise InvalidOption("ready", given, f"names no sign to wait for: {', '.join(_SIGNS)}")
    for sign, value in signs:
        if sign in ("tcp", "udp"):
            checks.between(f"ready.{sign}", value, 1, 65535)
        elif sign == "file" and (not value.startswith("/") or "\0" in value):
            raise InvalidOption("ready.file", value, "is not an absolute path")
        elif sign == "log":
            try:
                re.compile(value)
            except re.error as error:
                raise InvalidOption("ready.log", value, f"is not a regular expression: {error}") from None
    return signs


SERVICE = Kind(
    "service",
    {
        "name": {"type": "str", "required": True},
        "netns": {"type": "str"},
        "command": {"type": "list", "elements": "str"},
        "environment": {"type": "dict"},
        "ready": {
            "type": "dict",
            "options": {
                "tcp": {"type": "int"},
                "udp": {"type": "int"},
                "file": {"type": "str"},
                "log": {"type": "str"},
                "timeout": {"type": "float", "default": 10.0},
            },
        },
        "state": {"type": "str", "choices": ["started", "stopped"], "default": "started"},
    },
    parse,
    ("netns", "name"),
)
