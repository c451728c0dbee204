# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Performs operations in their order; netlink requests to one namespace go out in batches."""

from __future__ import annotations

import errno
import os
import sys
import typing as t

from .._values.errors import KernelRefused, VirtnetError
from .._values.kept import Place
from .._values.operation import (
    Index,
    MakeNamespace,
    MakeTunTap,
    NamespaceDescriptor,
    Netlink,
    Operation,
    RemoveNamespace,
    RunProgram,
    StartService,
    StopService,
    WriteNameservers,
    WriteSysctl,
)
from . import files, messages, namespaces, programs, service_records, services, sysctl, tuntap
from .netlink import NLM_F_ACK, Channels
from .removal import remove_namespaces

NLM_FLAGS = {"replace": 0x100, "exclusive": 0x200, "create": 0x400, "append": 0x800}  # netlink(7)


class OperationFailed(VirtnetError):
    """An operation was refused, or could not be performed.

    :param position: which of the operations given to `perform`.
    """

    def __init__(self, operation: Operation, position: int, cause: VirtnetError) -> None:
        super().__init__(f"cannot {operation.summary}: {cause}")
        self.operation = operation
        self.position = position
        self.cause = cause


class Performer:
    """Performs operations; keeps what it has looked up until it may have changed."""

    def __init__(self, channels: Channels, replaced: dict[Place, t.Any]) -> None:
        self._channels = channels
        self._replaced = replaced
        self._maker = namespaces.Maker()
        self._indices: dict[str | None, dict[str, int]] = {}
        self._pending: list[tuple[int, Operation, bytes]] = []
        self._target: str | None = None
        self._others: t.Mapping[type, t.Callable[[t.Any], None]] = {
            MakeNamespace: self._make_namespace,
            MakeTunTap: tuntap.make,
            WriteNameservers: lambda request: files.write_nameservers(request.name, request.nameservers),
            WriteSysctl: self._write_sysctl,
            RunProgram: programs.run_request,
            StartService: services.start,
            StopService: services.stop,
        }

    def perform(self, operations: t.Sequence[Operation]) -> None:
        """Perform all operations, or stop at the first that fails.

        Netlink requests that follow a failing one in its batch may have been carried out.

        :raises OperationFailed: with the position of the one that failed.
        """
        self._pending = []
        position = 0
        while position < len(operations):
            request = operations[position].request
            if isinstance(request, Netlink):
                self._queue(position, operations[position], request)
                position += 1
                continue
            self._flush()
            if isinstance(request, RemoveNamespace):
                position += self._remove(operations, position)
                continue
            try:
                self._others[type(request)](request)
            except OSError as error:
                refused = KernelRefused(error.errno or errno.EIO, f"{error.filename or ''} {error.strerror}".strip())
                raise OperationFailed(operations[position], position, refused) from None
            except VirtnetError as error:
                raise OperationFailed(operations[position], position, error) from None
            position += 1
        self._flush()

    # netlink

    def _queue(self, position: int, operation: Operation, request: Netlink) -> None:
        if self._pending and self._target != request.netns:
            self._flush()
        self._target = request.netns
        opened: list[int] = []
        try:
            channel = self._channels.of(request.netns)
            resolve = self._resolver(request.netns, opened)
            flags = NLM_F_ACK
            for name in request.flags:
                flags |= NLM_FLAGS[name]
            header = {key: resolve(value) for key, value in request.header.items()}
            data = messages.encode(
                request.message,
                flags,
                channel.next_sequence(),
                header,
                [(name, resolve(value)) for name, value in request.attributes],
            )
            self._pending.append((position, operation, data))
            if opened or request.message == "RTM_DELLINK":
                self._flush()  # the descriptors must be open when it is sent
                self._indices.clear()
        except OperationFailed:
            raise
        except VirtnetError as error:
            raise OperationFailed(operation, position, error) from None
        finally:
            for descriptor in opened:
                os.close(descriptor)

    def _resolver(self, netns: str | None, opened: list[int]) -> t.Callable[[t.Any], t.Any]:
        def resolve(value: t.Any) -> t.Any:
            if isinstance(value, Index):
                return self._index(netns, value.name)
            if isinstance(value, NamespaceDescriptor):
                opened.append(namespaces.open_namespace(value.netns))
                return opened[-1]
            if isinstance(value, dict):
                return {key: resolve(item) for key, item in value.items()}
            if isinstance(value, (list, tuple)):
                return [resolve(item) for item in value]
            return value

        return resolve

    def _index(self, netns: str | None, name: str) -> int:
        known = self._indices.setdefault(netns, {})
        if name not in known:
            self._flush()
            channel = self._channels.of(netns)
            request = messages.encode("RTM_GETLINK", 0, channel.next_sequence(), {}, [("IFLA_IFNAME", name)])
            try:
                answer = channel.ask(request)
            except KernelRefused as refused:
                if refused.errno != errno.ENODEV:
                    raise
                where = f" in namespace {netns!r}" if netns else ""
                raise KernelRefused(errno.ENODEV, f"there is no interface {name!r}{where}") from None
            known[name] = int.from_bytes(answer[20:24], sys.byteorder)
        return known[name]

    def _flush(self) -> None:
        pending, self._pending = self._pending, []
        if not pending:
            return
        verdicts = self._channels.of(self._target).send([data for _position, _operation, data in pending])
        for (position, operation, _data), refused in zip(pending, verdicts):
            if refused is not None:
                raise OperationFailed(operation, position, refused)

    # namespaces

    def _write_sysctl(self, request: WriteSysctl) -> None:
        place = (request.netns, "sysctl", request.key)
        if place not in self._replaced:  # of a new namespace, nothing could be read before
            self._replaced[place] = sysctl.read(request.netns, request.key)
        sysctl.write(request.netns, request.key, request.value)

    def _make_namespace(self, request: MakeNamespace) -> None:
        if request.attach_pid is not None:
            namespaces.attach(request.name, request.attach_pid)
        else:
            self._maker.create(request.name)

    def _remove(self, operations: t.Sequence[Operation], start: int) -> int:
        """Remove all namespaces that stand in a row, and wait for their far ends once."""
        names = []
        for operation in operations[start:]:
            if not isinstance(operation.request, RemoveNamespace):
                break
            names.append(operation.request.name)
        self._indices.clear()
        try:
            remove_namespaces(self._channels, names)
            for name in names:
                service_records.forget(name)
        except (OSError, VirtnetError) as error:
            cause = error if isinstance(error, VirtnetError) else KernelRefused(error.errno or 0, str(error))
            raise OperationFailed(operations[start], start, cause) from None
        return len(names)
