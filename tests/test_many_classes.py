"""A thousand classes and one's own pictures, in a browser: found and chosen by keyboard."""

import base64
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from conftest import find_chromium, served
from PIL import Image
from thousand_classes import classes

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = [pytest.mark.browser, pytest.mark.slow]

READY = '[data-testid="stApp"][data-test-script-state="notRunning"]'
SCRIPT = Path(__file__).with_name("thousand_classes.py")
LEFT, RIGHT = (220, 30, 30), (30, 30, 220)  # what the camera sees


@pytest.fixture(scope="module")
def url(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("many")
    (folder / "pictures" / "groom").mkdir(parents=True)
    Image.new("RGB", (60, 60), "teal").save(folder / "pictures" / "groom" / "teal.png")
    with served(folder, script=SCRIPT, ADVVIZ_IMAGES=str(folder / "pictures")) as address:
        yield address


@pytest.fixture
def page(browser: "Browser", url: str) -> "Iterator[Page]":
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    yield from visited(tab, url)


def visited(tab: "Page", url: str) -> "Iterator[Page]":
    """Open Compare; fail on any error in the page itself."""
    tab.set_default_timeout(120_000)
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.goto(f"{url}/compare")
    tab.wait_for_selector(".av-board")
    tab.wait_for_selector(READY)
    yield tab
    assert tab.locator('[data-testid="stException"]').count() == 0
    assert tab.evaluate("document.documentElement.scrollWidth") <= 1280
    tab.close()
    assert not faults


def choose(page: "Page", label: str, words: str, shows: str) -> None:
    """Search in a select box by keyboard alone, from the box that is focused."""
    page.wait_for_selector(READY)
    page.get_by_role("combobox", name=re.compile(label)).focus()
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(words)
    page.wait_for_selector("[role=option]")
    page.keyboard.press("Enter")
    page.wait_for_selector(f".av-trail:has-text('{shows}')")


def test_a_class_is_found_by_its_wordnet_id_or_a_part_of_its_name(page: "Page"):
    wordnet_id = classes()["Norwich terrier"]
    choose(page, "Target", "n03594945", "→ jeep")
    choose(page, "Target", wordnet_id[1:], "→ Norwich terrier")
    choose(page, "Target", "goldf", "→ goldfish")
    choose(page, "Target", "TABBY", "→ tabby")
    shown = page.get_by_role("combobox", name=re.compile("Target")).input_value()
    assert shown == "tabby · n02123045"


def test_the_names_are_sent_once(browser: "Browser", url: str):
    """What a run sends does not grow with the classes once the browser has their names."""
    tab = browser.new_page(viewport={"width": 1280, "height": 900})
    frames: list[bytes] = []
    tab.on("websocket", lambda socket: socket.on("framereceived", lambda f: frames.append(f)))
    for page in visited(tab, url):
        for words, shows in (("jeep", "→ jeep"), ("groom", "→ groom")):
            choose(page, "Target", words, shows)
        assert [frame for frame in frames if b"Norwich terrier" in frame]
        frames.clear()
        choose(page, "Target", "goldf", "→ goldfish")
        assert frames
        assert not [frame for frame in frames if b"Norwich terrier" in frame]


def test_pictures_are_brought_several_at_once_and_chosen_from_the_strip(
    page: "Page", tmp_path: Path
):
    colours = ("red", "green", "blue")
    files = [tmp_path / f"{colour}.png" for colour in colours]
    for path, colour in zip(files, colours, strict=True):
        Image.new("RGB", (80, 60), colour).save(path)
    page.get_by_text("Advanced:").click()
    page.set_input_files('[data-testid="stFileUploader"] input[type=file]', files)
    page.wait_for_selector(".av-trail:has-text('your picture 1')")
    strip = page.get_by_role("group", name="Your pictures").get_by_role("button")
    strip.nth(2).wait_for()
    assert [each.get_attribute("title") for each in strip.all()] == [
        "your picture 1", "your picture 2", "your picture 3"
    ]  # fmt: skip
    strip.nth(2).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".av-trail:has-text('your picture 3')")
    page.wait_for_selector(".av-own button[title='your picture 3'][aria-pressed=true]")
    choose(page, "Picture", "your picture 2", "your picture 2")
    choose(page, "Picture", "teal", "groom →")


def camera_file(path: Path) -> Path:
    """A film of one scene for Chromium's camera: its left half and its right half differ."""
    halves = [Image.new("RGB", (320, 480), colour) for colour in (LEFT, RIGHT)]
    scene = Image.new("RGB", (640, 480))
    for half, left in zip(halves, (0, 320), strict=True):
        scene.paste(half, (left, 0))
    y, u, v = scene.convert("YCbCr").split()
    planes = (y, u.resize((320, 240)), v.resize((320, 240)))
    limited = [np.asarray(plane) * (219 / 255) + 16 for plane in planes[:1]]
    limited += [(np.asarray(plane) - 128.0) * (224 / 255) + 128 for plane in planes[1:]]
    frame = b"FRAME\n" + b"".join(plane.astype(np.uint8).tobytes() for plane in limited)
    path.write_bytes(b"YUV4MPEG2 W640 H480 F10:1 Ip A1:1 C420\n" + 5 * frame)
    return path


STREAM_STANDS = """() => {
    const video = document.querySelector("video"), stream = video?.srcObject;
    if (!stream || video.readyState < 2) return false;
    if (window.kept !== stream) [window.kept, window.since] = [stream, performance.now()];
    return performance.now() - window.since > 1000;
}"""
"""The camera has shown its picture for a second; it is opened anew when its place has a width."""


def photo(page: "Page") -> np.ndarray:
    """Open the camera and take a picture [H, W, 3]; it returns as the network is shown it."""
    page.get_by_text("Advanced:").click()
    page.wait_for_selector('[data-testid="stFileUploader"]')
    assert page.locator("video").count() == 0
    page.get_by_text("camera", exact=True).click()
    page.wait_for_function(STREAM_STANDS)
    page.get_by_role("button", name="Take Photo").click()
    page.get_by_text("one is a role of people (groom)").first.wait_for()
    image = page.locator(".av-own img")
    image.wait_for()
    data = image.get_attribute("src").partition(",")[2]
    return np.asarray(Image.open(BytesIO(base64.b64decode(data))).convert("RGB"))


def test_a_photo_is_taken_as_the_camera_sees_it(browser: "Browser", url: str, tmp_path: Path):
    """Not as in a mirror: left is left.

    A photo is black, for a person too, where Streamlit's widget has just learned its width and
    opens the camera anew; then another visitor tries.
    """
    film = camera_file(tmp_path / "film.y4m")
    words = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
    chromium = browser.browser_type.launch(
        executable_path=find_chromium(),
        args=["--no-sandbox", *words, f"--use-file-for-fake-video-capture={film}"],
    )
    taken = np.zeros((1, 1, 3))
    for _ in range(5):
        if not taken.any():
            for page in visited(chromium.new_page(viewport={"width": 1280, "height": 900}), url):
                taken = photo(page)
    chromium.close()
    for column, seen in ((8, LEFT), (80, RIGHT)):
        assert np.abs(taken[44, column].astype(int) - seen).max() < 30
