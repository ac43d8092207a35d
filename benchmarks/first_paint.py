"""How soon Home's finished example is painted, on a running server, in headless Chromium.

    python -m benchmarks.first_paint

Each visit is a new browser context: nothing is cached on the visitor's side.
"""

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import time
import urllib.request

from playwright.sync_api import Browser, sync_playwright

PICTURES = 6
PAINTED = """
count => [...document.querySelectorAll('.av-tile img')]
    .filter(picture => picture.complete && picture.naturalWidth > 0).length >= count
"""


def visit(browser: Browser, address: str) -> float:
    """Open Home as a new visitor; return the seconds until its pictures are painted."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    started = time.perf_counter()
    page.goto(address, wait_until="commit")
    page.wait_for_function(PAINTED, arg=PICTURES, timeout=60_000)
    seconds = time.perf_counter() - started
    context.close()
    return seconds


def wait_for(address: str) -> None:
    """Return once the server answers."""
    for _ in range(600):
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    sys.exit("the app did not start within a minute")


def main() -> None:
    """Serve, visit, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--visits", type=int, default=7)
    parser.add_argument("--port", type=int, default=8599)
    args = parser.parse_args()
    address = f"http://127.0.0.1:{args.port}"
    words = [sys.executable, "-m", "advviz", "app", "--port", str(args.port), "--no-browser"]
    chromium = os.environ.get("CHROMIUM") or shutil.which("chromium")
    server = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(address)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-dev-shm-usage"]
            )
            seconds = [visit(browser, address) for _ in range(args.visits)]
    finally:
        server.terminate()
        server.wait()
    first, *later = seconds
    print(f"first visitor {first:.2f} s; then median {statistics.median(later):.2f} s, ", end="")
    print(f"{min(later):.2f} to {max(later):.2f} s, n = {len(later)}")


if __name__ == "__main__":
    main()
