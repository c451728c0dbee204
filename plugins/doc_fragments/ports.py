# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an interface with ports has."""

from __future__ import annotations


class ModuleDocFragment:
    """The options ports and exclusive_ports."""

    DOCUMENTATION = r"""
options:
  ports:
    description:
      - Names of interfaces in the same namespace that must be ports of it. A port of another one is moved.
      - They are added to those there, unless O(exclusive_ports=true). The other way to say it is the option C(master)
        of the port.
    type: list
    elements: str
  exclusive_ports:
    description:
      - Whether all ports that are not in O(ports) are released.
    type: bool
    default: false
"""
