"""First paint of a Streamlit app in a real browser, against an empty app on the same machine, alternating."""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median

from tests.benchmarks.pictures import ROOT
from tests.benchmarks.row import Row, Skipped, share
from tests.benchmarks.scale import Scale
from tl.store.home import Home

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
EMPTY = "import streamlit as st\n\nst.title('Empty')\n"


def first_paint(home: Home, scale: Scale) -> list[Row]:
    """Seconds from opening the address to the first heading."""
    if CHROMIUM is None:
        raise Skipped("there is no Chromium")
    ours, empty = first_paints(ROOT / "app.py", scale.start_rounds)
    return [share("first paint of the page", ours, "s", "empty app", empty, at_most=1.5)]


def serve(script: Path, home: str, enter: Callable[[], None] | None = None) -> tuple[subprocess.Popen, str]:
    """A Streamlit server for `script`, once it answers, and its address; its process calls `enter` before it begins."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["--server.headless", "true", "--server.port", str(port), "--browser.gatherUsageStats", "false"]
    process = subprocess.Popen(
        [sys.executable, "-m", "streamlit", "run", script.name, *options],
        cwd=script.parent,
        env=os.environ | {"TL_HOME": home},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        preexec_fn=enter,
    )
    url = f"http://127.0.0.1:{port}"
    while True:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5):
                return process, url
        except OSError:
            time.sleep(0.1)


def first_paints(script: Path, rounds: int) -> tuple[float, float]:
    """Median seconds from opening to the first heading, of `script` and of an empty app; one warm-up each."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        empty = Path(folder) / "empty.py"
        empty.write_text(EMPTY)
        servers = [serve(script, folder), serve(empty, folder)]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        try:
            seconds: list[list[float]] = [[], []]
            for round_number in range(rounds + 1):
                for times, (_, url) in zip(seconds, servers, strict=True):
                    page = browser.new_page()
                    began = time.monotonic()
                    page.goto(url)
                    page.get_by_test_id("stHeading").first.wait_for()
                    if round_number:
                        times.append(time.monotonic() - began)
                    page.close()
            return median(seconds[0]), median(seconds[1])
        finally:
            browser.close()
            for process, _ in servers:
                process.kill()
                process.wait()
