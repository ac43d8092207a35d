"""Weights from a plain address: whole and the expected ones, or none."""

import json
import os
import threading

import pytest
from fake_hub import DATA, SHA256, Plan, served_hub

from advviz.errors import CancelledError, InvalidInputError, WeightsError
from advviz.models import persistence
from advviz.models.downloads import fetch_url, models_folder

NAME = f"resnet18-{SHA256[:8]}.pth"


@pytest.fixture
def web(tmp_path, monkeypatch):
    """Serve one file at a plain address."""
    with served_hub(tmp_path, monkeypatch) as fake:
        fake.files[f"/models/{NAME}"] = DATA
        yield fake


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "torch" / "checkpoints"


def fetch(web, folder, prefix=SHA256[:8], report=None):
    return fetch_url(f"{web.endpoint}/models/{NAME}", folder, prefix, report)


def files(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_comes_once_whole_and_alone(web, folder):
    told = []
    path = fetch(web, folder, report=lambda *progress: told.append(progress))
    assert path == folder / NAME
    assert path.read_bytes() == DATA
    assert files(folder) == [NAME]
    assert told[0] == (0, len(DATA))
    assert told[-1] == (len(DATA), len(DATA))
    assert fetch(web, folder) == path
    assert len(web.gets) == 1


def test_a_server_that_dies_half_way_is_resumed_by_the_next_call_too(web, folder):
    web.plans += [Plan(dies_after=1_000_000), Plan(dies_after=200_000, resets=True)]
    web.always = Plan(status=503)
    with pytest.raises(WeightsError, match=r"answers with HTTP 503; try again later, or download"):
        fetch(web, folder)
    assert files(folder) == [f"{NAME}.part", f"{NAME}.part.etag"]
    web.always = None
    assert fetch(web, folder).read_bytes() == DATA
    assert [web.gets[i].range for i in (0, 1, -1)] == [None, "bytes=1000000-", "bytes=1200000-"]
    assert web.gets[-1].if_range is not None
    assert sum(one.sent for one in web.gets) == len(DATA)
    assert files(folder) == [NAME]


def test_a_file_that_changed_since_is_fetched_anew(web, folder):
    web.files[f"/models/{NAME}"] = DATA[::-1]
    web.plans.append(Plan(dies_after=1_000_000))
    web.always = Plan(status=404)
    with pytest.raises(WeightsError):
        fetch(web, folder)
    web.always = None
    web.files[f"/models/{NAME}"] = DATA  # another ETag: If-Range brings all of it
    assert fetch(web, folder).read_bytes() == DATA
    assert web.gets[-1].range == "bytes=1000000-"
    assert web.gets[-1].sent == len(DATA)


@pytest.mark.parametrize("second", [Plan(ignores_range=True), Plan(starts_wrong=True)])
def test_a_server_that_goes_on_elsewhere_is_not_believed(web, folder, second):
    web.plans += [Plan(dies_after=1_000_000), second]
    assert fetch(web, folder).read_bytes() == DATA


def test_a_server_that_always_begins_anew_and_dies_is_given_up(web, folder):
    ends = [1_000_000, 500_000] * 20
    web.plans += [Plan(dies_after=end, ignores_range=True) for end in ends]
    with pytest.raises(WeightsError, match="could not be downloaded"):
        fetch(web, folder)
    assert len(web.gets) == 2 + len(persistence.PAUSES)
    assert not (folder / NAME).exists()


def test_a_part_that_is_longer_than_the_file_is_thrown_away(web, folder):
    folder.mkdir(parents=True)
    (folder / f"{NAME}.part").write_bytes(DATA + b"more")
    assert fetch(web, folder).read_bytes() == DATA


def test_a_part_that_only_lacked_its_name_is_not_fetched_again(web, folder):
    folder.mkdir(parents=True)
    (folder / f"{NAME}.part").write_bytes(DATA)
    assert fetch(web, folder).read_bytes() == DATA
    assert sum(one.sent for one in web.gets) == 0


@pytest.mark.parametrize("prefix", [SHA256[:8], SHA256])
def test_a_corrupted_byte_is_found_and_nothing_is_kept(web, folder, prefix):
    damaged = bytearray(DATA)
    damaged[-1] ^= 128
    web.files[f"/models/{NAME}"] = bytes(damaged)
    with pytest.raises(WeightsError, match=f"should begin {SHA256[:8]}.*it was removed"):
        fetch(web, folder, prefix)
    assert files(folder) == []


def test_an_end_that_no_length_betrays_is_found_by_the_digest(web, folder):
    web.plans.append(Plan(no_length=True, dies_after=2_000_000))
    with pytest.raises(WeightsError, match="damaged or another file"):
        fetch(web, folder)
    assert files(folder) == []
    web.plans.append(Plan(no_length=True))
    assert fetch(web, folder).read_bytes() == DATA


@pytest.mark.parametrize("kind", ["text/html", "application/octet-stream"])
def test_a_web_page_is_not_taken_for_weights(web, folder, kind):
    web.plans.append(Plan(html=True, html_type=kind))
    with pytest.raises(WeightsError, match="sent a web page instead of the file"):
        fetch(web, folder, None)
    assert files(folder) == []
    assert not (models_folder() / "digests.json").exists()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "has no such file (HTTP 404); check its address, or download"),
        (403, "refuses to give it (HTTP 403); try again later, or download"),
        (500, "answers with HTTP 500; try again later, or download"),
    ],
)
def test_a_refusal_is_one_sentence_that_says_what_to_do(web, folder, status, words):
    web.always = Plan(status=status)
    with pytest.raises(WeightsError) as caught:
        fetch(web, folder)
    assert words in str(caught.value)
    assert str(caught.value).endswith(f" on another machine and put it at {folder / NAME}")
    assert files(folder) == []


def test_a_web_page_in_the_middle_costs_nothing(web, folder):
    web.plans += [Plan(dies_after=1_000_000), Plan(html=True)]
    with pytest.raises(WeightsError, match="sent a web page"):
        fetch(web, folder)
    assert fetch(web, folder).read_bytes() == DATA
    assert web.gets[-1].range == "bytes=1000000-"


def test_a_copy_that_rots_is_removed_and_can_come_again(web, folder):
    path = fetch(web, folder)
    path.write_bytes(DATA[:-1])
    with pytest.raises(WeightsError, match="it was removed, so download it again"):
        fetch(web, folder)
    assert fetch(web, folder).read_bytes() == DATA


def test_without_a_prefix_the_digest_of_the_first_use_is_demanded(web, folder):
    path = fetch(web, folder, None)
    book = json.loads((models_folder() / "digests.json").read_text())
    assert book == {f"{web.endpoint}/models/{NAME}": SHA256}
    path.unlink()
    web.files[f"/models/{NAME}"] = DATA[::-1]
    with pytest.raises(WeightsError, match="if the change is meant"):
        fetch(web, folder, None)


def test_a_cancel_ends_a_slow_download_and_keeps_what_came(web, folder):
    class Stop:
        asked = False

        def __call__(self, done, _total):
            if done > 500_000:
                self.asked = True
                raise CancelledError("stopped")

    web.plans.append(Plan(chunk=50_000, waits=0.01))
    stop = Stop()
    with pytest.raises(CancelledError, match="stopped"):
        fetch(web, folder, report=stop)
    assert stop.asked
    kept = (folder / f"{NAME}.part").stat().st_size
    assert 500_000 < kept < len(DATA)
    assert fetch(web, folder).read_bytes() == DATA
    assert web.gets[-1].sent == len(DATA) - kept


def test_a_cancel_also_ends_the_wait_for_another_try_and_for_another_download(
    web, folder, monkeypatch
):
    monkeypatch.setattr(persistence, "PAUSES", (60.0,))
    web.always = Plan(status=500)
    failed = threading.Event()

    def stop(_done, _total):
        if len(web.gets) == 1:
            failed.set()
            raise CancelledError("stopped")

    with pytest.raises(CancelledError):
        fetch(web, folder, report=stop)
    assert failed.is_set()


def test_whoever_waits_for_another_download_may_give_up(web, folder):
    web.always = Plan(chunk=30_000, waits=0.03)
    begun, paths = threading.Event(), []

    def first():
        paths.append(fetch(web, folder, report=lambda *_: begun.set()))

    def give_up(_done, _total):
        raise CancelledError("not waiting")

    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(30)
    with pytest.raises(CancelledError, match="not waiting"):
        fetch(web, folder, report=give_up)
    thread.join()
    assert paths == [folder / NAME]
    assert len(web.gets) == 1


@pytest.mark.parametrize(
    ("url", "prefix"),
    [
        ("ftp://host/file.pth", SHA256[:8]),
        ("https://host/", SHA256[:8]),
        ("https://host/a/%2e%2e", SHA256[:8]),
        ("https://host/file.pth", "abc"),
        ("https://host/file.pth", "not hexadecimal"),
    ],
)
def test_what_is_no_address_or_no_digest_is_refused(url, prefix, folder):
    with pytest.raises(InvalidInputError):
        fetch_url(url, folder, prefix)
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_is_said(web, tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(WeightsError, match=r"could not be kept: .*; check the folder") as caught:
        fetch(web, blocked / "checkpoints")
    assert os.fspath(blocked) in str(caught.value)
