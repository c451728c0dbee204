# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a thing should be there."""

from __future__ import annotations


class ModuleDocFragment:
    """The option state."""

    DOCUMENTATION = r"""
options:
  state:
    description:
      - V(present) makes it if it is not there, and changes what differs.
      - V(absent) removes it if it is there. In a namespace that does not exist it is absent already.
    type: str
    choices: [present, absent]
    default: present
"""
