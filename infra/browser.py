"""A Chromium for the tests that need one: `python -m infra.browser` finds or installs it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping

from playwright.sync_api import sync_playwright

COMMANDS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MAC_APPLICATIONS = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
)


def find() -> str | None:
    """The path of a Chromium that starts: the system's, or else the one that playwright has installed."""
    return next((path for path in _candidates() if _starts(path)), None)


def is_required(environ: Mapping[str, str]) -> bool:
    """Whether tests must not be skipped for want of a browser: in CI a skipped test looks like a passed one.

    Most CI systems set CI=true; some put their own name there (woodpecker-ci.org/docs/usage/environment).
    """
    return environ.get("CI", "").strip().lower() not in ("", "0", "false", "no", "off")


def _candidates() -> Iterator[str]:
    yield from (path for path in map(shutil.which, COMMANDS) if path)
    yield from MAC_APPLICATIONS
    with sync_playwright() as playwright:
        yield playwright.chromium.executable_path


def _starts(path: str) -> bool:
    """Whether it is there with all its libraries; a package's wrapper of a missing snap is not."""
    try:
        return subprocess.run([path, "--version"], capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def install() -> None:
    """Installs one: by apt as root on Debian, else by playwright into the home of this user."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        install_it = ["apt-get", "install", "--yes", "--no-install-recommends", "chromium"]
        for command in (["apt-get", "update"], install_it):
            subprocess.run(command, env=quiet, stdout=subprocess.DEVNULL, check=False)
        if find():
            return
    subprocess.run([sys.executable, "-m", "playwright", "install", "chromium"], check=False)


def main() -> int:
    """Finds a browser or installs one; 1 if there is none and there must be."""
    path = find()
    if path is None:
        print("No Chromium found; installing one for the browser tests ...", flush=True)
        install()
        path = find()
    if path:
        print(f"Browser tests use {path}")
        return 0
    print(
        "NO BROWSER: the browser tests are SKIPPED. Install Chromium or Chrome and run again; "
        "on Debian: apt-get install chromium",
        file=sys.stderr,
    )
    return 1 if is_required(os.environ) else 0


if __name__ == "__main__":
    sys.exit(main())
