# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""pyroute2's message classes, imported cheaply, and what they lack.

`import pyroute2` loads some 370 modules whichever part is asked for, because its __init__ imports
everything: 0.3 to 0.4 s in every task. A bare package object of that name and path, put in
sys.modules first, lets the message classes import alone, in a tenth of that.
"""

from __future__ import annotations

import importlib
import importlib.util
import struct
import sys
import types
import typing as t

from .._values.errors import VirtnetError

_MODULES = {
    "LINK": ("pyroute2.netlink.rtnl.ifinfmsg", "ifinfmsg"),
    "ADDR": ("pyroute2.netlink.rtnl.ifaddrmsg", "ifaddrmsg"),
    "ROUTE": ("pyroute2.netlink.rtnl.rtmsg", "rtmsg"),
    "RULE": ("pyroute2.netlink.rtnl.fibmsg", "fibmsg"),
    "NEIGH": ("pyroute2.netlink.rtnl.ndmsg", "ndmsg"),
    "NSID": ("pyroute2.netlink.rtnl.nsidmsg", "nsidmsg"),
}

# Message numbers of include/uapi/linux/rtnetlink.h: each family has NEW, DEL, GET, SET in a row.
_FAMILIES = {"LINK": 16, "ADDR": 20, "ROUTE": 24, "NEIGH": 28, "RULE": 32, "NSID": 88}
_ACTIONS = {"NEW": 0, "DEL": 1, "GET": 2, "SET": 3}

ENCODED = 256  # requests that are kept encoded

_SEQUENCE = struct.Struct("=I")
_classes: dict[str, t.Any] = {}
_encoded: dict[str, bytes] = {}


def number_of(message: str) -> int:
    """The message type of a name such as RTM_NEWLINK."""
    return _FAMILIES[message[7:]] + _ACTIONS[message[4:7]]


def _import_light(name: str) -> t.Any:
    if "pyroute2" not in sys.modules:
        spec = importlib.util.find_spec("pyroute2")
        if spec is None or spec.submodule_search_locations is None:
            raise VirtnetError(
                "the Python library pyroute2 (0.7.2 or newer) is not installed for "
                f"{sys.executable} (Debian: python3-pyroute2)"
            )
        package = types.ModuleType("pyroute2")
        package.__path__ = list(spec.submodule_search_locations)
        package.__spec__ = spec
        sys.modules["pyroute2"] = package
    return importlib.import_module(name)


def class_of(message: str) -> t.Any:
    """pyroute2's class for a message such as RTM_NEWLINK.

    :raises VirtnetError: pyroute2 is not installed.
    """
    family = message[7:]
    if family not in _classes:
        module, name = _MODULES[family]
        found = getattr(_import_light(module), name)
        if family == "LINK":
            _extend_link(found)
        _classes[family] = found
    return _classes[family]


def _extend_link(ifinfmsg: t.Any) -> None:
    """What the kernel has and some supported pyroute2 does not know, or calls otherwise."""
    known = ifinfmsg.ifinfo.data_map
    known["vxcan"] = known["veth"]  # VXCAN_INFO_PEER has the number of VETH_INFO_PEER
    known["macvtap"] = known["macvlan"]  # macvtap has no attributes of its own (macvtap_setup_link())
    attributes = (("IFLA_IPVLAN_UNSPEC", "none"), ("IFLA_IPVLAN_MODE", "uint16"), ("IFLA_IPVLAN_FLAGS", "uint16"))
    known["ipvlan"] = known["ipvtap"] = type("ipvlan", (known["ipvlan"],), {"nla_map": attributes})  # lacks the flags


def encode(message: str, flags: int, sequence: int, header: t.Mapping[str, t.Any], attributes: t.Any) -> bytes:
    """The bytes of a request, NLM_F_REQUEST included.

    Many namespaces are sent the same requests, with other sequence numbers: those are encoded once.
    """
    key = repr((message, flags, header, attributes))
    data = _encoded.get(key)
    if data is None:
        if len(_encoded) >= ENCODED:
            _encoded.clear()
        try:
            data = _encoded[key] = _encode(message, flags, header, attributes)
        except (OSError, ValueError, TypeError, KeyError, struct.error) as error:
            raise VirtnetError(f"pyroute2 can't write {message} with {list(attributes)!r}: {error}") from None
    return data[:8] + _SEQUENCE.pack(sequence) + data[12:]


def _encode(message: str, flags: int, header: t.Mapping[str, t.Any], attributes: t.Any) -> bytes:
    request = class_of(message)()
    for field, value in header.items():
        request[field] = value
    request["attrs"] = list(attributes)
    request["header"]["type"] = number_of(message)
    request["header"]["flags"] = flags | 1
    request["header"]["sequence_number"] = 0
    request["header"]["pid"] = 0
    request.encode()
    return bytes(request.data)


def decode(message: str, data: bytes) -> t.Any:
    """A message as pyroute2 decodes it, its nested attributes as plain dictionaries on demand."""
    found = class_of(message)(data)
    found.decode()
    return found


def plain(value: t.Any) -> t.Any:
    """A decoded attribute as plain Python: nested attributes become a dictionary by name."""
    if hasattr(value, "getvalue"):
        value = value.getvalue()
    if isinstance(value, dict) and "attrs" in value:
        rest = {key: plain(item) for key, item in value.items() if key not in ("attrs", "header", "event", "value")}
        for slot in value["attrs"]:
            name, item = slot[0], plain(slot[1])
            if name in rest:  # a list of attributes of one number
                rest[name] = [*(rest[name] if isinstance(rest[name], list) else [rest[name]]), item]
            else:
                rest[name] = item
        return rest
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    return value
