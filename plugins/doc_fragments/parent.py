# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lower device of an interface that stands on another one."""

from __future__ import annotations


class ModuleDocFragment:
    """The options parent and parent_netns."""

    DOCUMENTATION = r"""
options:
  parent:
    description:
      - Name of the lower device that the interface stands on.
    type: str
  parent_netns:
    description:
      - The namespace of O(parent), by name or as an absolute path, if that is another one. The interface is then made
        there and lands in O(netns) in one step.
      - If it is not given, the parent is in O(netns).
    type: str
"""
