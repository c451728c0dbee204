# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Processes that run in namespaces after the playbook has ended: started, found again, ended."""

from __future__ import annotations

import dataclasses
import os
import shutil
import time
import typing as t
import uuid

from .._values.errors import ProgramMissing, VirtnetError
from .._values.operation import StartService, StopService
from .._values.state import Service
from . import namespaces, processes, programs, service_records
from .records import DIRECTORY
from .service_records import Record
from .service_signs import Signs, last_words
from .spawning import Launch, spawn

SEARCH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
SURVIVAL = 0.1  # seconds that a service without a sign must last: a wrong option ends most programs sooner
_STEP = 0.02


def of_namespace(netns: str | None) -> dict[t.Hashable, Service]:
    """The services that run in a namespace, and what is left of those that failed, by name."""
    found = {name: find(netns, name) for name in service_records.names(netns)}
    return {name: service for name, service in found.items() if service is not None}


def find(netns: str | None, name: str) -> Service | None:
    """A service; None when nothing of it runs.

    It is not `running` when its first process has ended and others have not, when it never said that it was
    ready, or when it is in an earlier namespace of that name.
    """
    record = service_records.read(netns, name)
    if record is None or record.boot != processes.boot():
        return None
    alive = processes.is_alive(record.pid, record.start_time)
    if not alive and not processes.members(record.identity):
        return None
    here = _is_here(record, netns)
    if alive and not here and netns is None:
        return None  # it was started by a task in another namespace, and is not a service of this one
    return Service(
        name=name,
        command=record.command,
        environment=record.environment,
        running=alive and here and record.answered,
        ready=record.ready,
        timeout=record.timeout,
        pid=record.pid if alive else 0,
        log=service_records.path_of(netns, name, ".log"),
    )


def _is_here(record: Record, netns: str | None) -> bool:
    return processes.in_namespace(record.pid, namespaces.path_of(netns) or namespaces.THREAD_NAMESPACE)


def stop(request: StopService) -> None:
    """End a service and everything that it started, and remove its files.

    :raises VirtnetError: some of it can't be ended.
    """
    record = service_records.read(request.netns, request.name)
    if record is not None and record.boot == processes.boot():
        left = processes.end(record.identity)
        if left:
            raise VirtnetError(f"the processes {', '.join(map(str, left))} do not end, even when they are killed")
    service_records.remove(request.netns, request.name)


def start(request: StartService) -> None:
    """Start a service and return when it is ready; if it does not become so, nothing of it is left.

    :raises ProgramMissing: its program is not installed.
    :raises VirtnetError: it ended, or was not ready in time; its last words are in the message.
    """
    program = _program(request)
    if request.netns is None:
        _refuse_foreign(request.name)
    stop(StopService(request.netns, request.name))
    identity = uuid.uuid4().hex
    log = service_records.path_of(request.netns, request.name, ".log")
    record = Record(
        identity, request.command, request.environment, request.ready, request.timeout, boot=processes.boot()
    )
    # Before there is a process: should this one be killed, what it started is found by its mark.
    service_records.write(request.netns, request.name, record)
    try:
        signs = Signs(identity, request.ready, log)
        pid = _spawn(request, program, identity)
        begun = processes.stat(pid)
        record = dataclasses.replace(record, pid=pid, start_time=begun.start_time if begun else 0)
        service_records.write(request.netns, request.name, record)
        _wait(request, pid, signs, log)
        service_records.write(request.netns, request.name, dataclasses.replace(record, answered=True))
    except BaseException:
        stop(StopService(request.netns, request.name))
        raise


def _refuse_foreign(name: str) -> None:
    """See that a service without a named namespace is not one that a task in another namespace has started."""
    record = service_records.read(None, name)
    if record is None or not processes.is_alive(record.pid, record.start_time) or _is_here(record, None):
        return
    raise VirtnetError(f"one of this name was started from another namespace, as process {record.pid}")


def _program(request: StartService) -> str:
    word = request.command[0]
    path = shutil.which(word, path=dict(request.environment).get("PATH", SEARCH))
    if path is None:
        raise ProgramMissing(word, programs.PACKAGES.get(os.path.basename(word)))
    return path


def _spawn(request: StartService, program: str, identity: str) -> int:
    environment = {"PATH": SEARCH, "HOME": "/root", **dict(request.environment), processes.VARIABLE: identity}
    log = service_records.new_log(request.netns, request.name)
    try:
        hidden = f"{DIRECTORY}/{service_records.SORT}"
        return spawn(Launch(request.netns, program, request.command, environment, identity, hidden), log)
    finally:
        os.close(log)


def _wait(request: StartService, pid: int, signs: Signs, log: str) -> None:
    begin = time.monotonic()
    while True:
        ended = _exit_status(pid)
        if ended is not None:
            raise VirtnetError(f"it ended {ended} before it was ready{last_words(log)}")
        missing = signs.missing(pid)
        passed = time.monotonic() - begin
        if missing is None and (request.ready or passed >= SURVIVAL):
            return
        if missing is not None and passed >= request.timeout:
            raise VirtnetError(f"it is not ready after {request.timeout:g} s: {missing}{last_words(log)}")
        time.sleep(_STEP)


def _exit_status(pid: int) -> str | None:
    """How a child of this process has ended; None: it has not."""
    try:
        found, status = os.waitpid(pid, os.WNOHANG)
    except ChildProcessError:  # somebody ignores SIGCHLD: the kernel keeps no status then
        return None if processes.stat(pid) is not None else "by itself"
    if not found:
        return None
    code = os.waitstatus_to_exitcode(status)
    if code < 0:
        return f"by signal {-code}"
    if code == 0:
        return "with exit status 0 (a service has to stay in the foreground)"
    return f"with exit status {code}"
