# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The namespace that a module acts in."""

from __future__ import annotations


class ModuleDocFragment:
    """The option netns, and the action group of all modules that have it."""

    DOCUMENTATION = r"""
options:
  netns:
    description:
      - The network namespace to act in, by its name in C(/run/netns), or as an absolute path such as
        V(/proc/4711/ns/net). V(/proc/self/ns/net) is the one that the module runs in, for options that would mean
        another one when they are not given.
      - If it is not given, it is the one that the module runs in.
      - A namespace that does not exist is an error, it is never made on the side. See M(virtnet.linux.netns).
    type: str
attributes:
  action_group:
    description: Use C(group/virtnet.linux.in_netns) in C(module_defaults) to set defaults for this module.
    support: full
    membership:
      - virtnet.linux.in_netns
"""
