# SPDX-FileCopyrightText: The virtnet.linux authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules say about check mode, diff mode and where they run."""

from __future__ import annotations


class ModuleDocFragment:
    """Attributes and requirements of modules."""

    # Modules that change something.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    support: full
    description:
      - Can run in C(check_mode) and return changed status prediction without modifying target.
      - The plan is the same as that of a real run. A namespace that does not exist is taken for an empty one, with a
        warning, so that a playbook which makes it first can be checked.
  diff_mode:
    support: full
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  platform:
    support: full
    platforms: linux
    description: Target OS/families that can be operated against.
"""

    # Modules that only read.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    description:
      - Can run in C(check_mode) and return changed status prediction without modifying target.
      - This module only reads, in check mode as well.
  diff_mode:
    support: N/A
    description:
      - Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
    details: This module changes nothing.
  platform:
    support: full
    platforms: linux
    description: Target OS/families that can be operated against.
"""
