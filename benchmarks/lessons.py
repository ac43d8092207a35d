"""How long a student waits for each experiment of the lessons, on the first and the second visit.

    python -m benchmarks.lessons [--language zh-CN]

Serves the app with an empty cache, opens every experiment in headless Chromium, predicts, and
waits until the result is there; then once more, as a visitor who comes back.
"""

import argparse
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from advviz.lessons.chapter import Chapter, Experiment
from advviz.ui.lessons.place import shelf
from benchmarks.recorded_app import free_port, served

if TYPE_CHECKING:
    from playwright.sync_api import Page

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
GOAL = 2.0  # seconds: an experiment that was seen before is there


def experiments(language: str) -> Iterator[tuple[Chapter, Experiment]]:
    """List every experiment of every chapter, as a student meets them."""
    for chapter in shelf(language).chapters:
        for experiment in chapter.experiments:
            yield chapter, experiment


def predict(page: "Page", experiment: Experiment) -> None:
    """Choose the first answer to each part of the question, and ask for the result.

    Nothing is to be done where this browser remembers a prediction.

    Args:
        page: a tab that is being opened.
        experiment: which is asked about; its question tells when the page is the right one.
    """
    page.wait_for_function(
        "text => document.querySelector('.av-predict')?.innerText.includes(text)"
        " && document.querySelector('.av-show, .av-again')",
        arg=experiment.question[:20],
    )
    if page.locator(".av-again").count():
        return
    for part in page.locator("fieldset.av-options").all():
        part.locator("input").first.check()
    page.locator(".av-show").click()


def shown(page: "Page") -> None:
    """Wait until the result is there, whole."""
    page.wait_for_selector(".av-notice")
    page.wait_for_function("!document.querySelector('.av-waiting')")
    page.wait_for_selector(READY)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--language", default="en")
    language = parser.parse_args().language
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        environment = os.environ | {"ADVVIZ_CACHE": str(Path(name) / "cache")}
        with served(Path(name), free_port(), environment) as server:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"),
                args=["--no-sandbox"],
            )
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.set_default_timeout(600_000)
            late = 0
            print(f"{'experiment':<28}{'first visit':>12}{'second visit':>14}")
            for chapter, experiment in experiments(language):
                link = f"chapter={chapter.number}&experiment={experiment.id}&lang={language}"
                seconds = []
                for _ in range(2):
                    begin = time.monotonic()
                    page.goto(f"{server.url}/lessons?{link}")
                    predict(page, experiment)
                    shown(page)
                    seconds.append(time.monotonic() - begin)
                late += seconds[1] > GOAL
                place = f"{chapter.number} {experiment.id}"
                print(f"{place:<28}{seconds[0]:>10.1f} s{seconds[1]:>12.2f} s", flush=True)
            print(f"{late} experiments took more than {GOAL:g} s on the second visit")
            browser.close()


if __name__ == "__main__":
    main()
