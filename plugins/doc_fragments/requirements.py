# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules need on the managed host."""

from __future__ import annotations


class ModuleDocFragment:
    """Requirements of modules that speak netlink."""

    DOCUMENTATION = r"""
options: {}
requirements:
  - Linux, and root on the managed host (C(become=true))
  - Python 3.9 or newer on the managed host
  - pyroute2 0.7.2 or newer on the managed host (Debian and Ubuntu have it as C(python3-pyroute2))
notes:
  - What is not given is neither compared nor changed.
  - What was made lasts until it is removed or the machine restarts. The network configuration of the system is neither
    read nor written.
  - When something fails, what the task has changed is put back, and the error names the operation and the kernel's
    own words.
"""
