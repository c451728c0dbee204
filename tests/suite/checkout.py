# SPDX-FileCopyrightText: The virtnet.linux authors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where things are: the checkout, what tests write, and a clean copy of the collection."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
COLLECTIONS = VENV / "collections"
BUILD = ROOT / ".build"
LOGS = BUILD / "log"


def copy_tracked_files(workspace: Path) -> Path:
    """Copies the files that git knows or would take to WORKSPACE/ansible_collections/virtnet/linux, and returns that.

    ansible-test insists on such a path, and what is released should not depend on what lies around in a checkout.
    """
    collection = workspace / "ansible_collections" / "virtnet" / "linux"
    shutil.rmtree(workspace, ignore_errors=True)
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listing.split("\0")):
        source, target = ROOT / name, collection / name
        # A file that was deleted and not yet committed is still listed.
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    # A repository of its own: ansible-test would find the checkout's above, which ignores this place and all in it.
    subprocess.run(["git", "init", "--quiet"], cwd=collection, check=True)
    return collection
