"""A file of the hub is whole and the one that was published, or there is none."""

import json
import os
import re
import shutil
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path

import pytest
from fake_hub import (
    COMMIT,
    DATA,
    NAME,
    PROXIES,
    REPOSITORY,
    SHA256,
    FakeHub,
    Plan,
    leftovers,
    served_hub,
)

from advviz.errors import CancelledError, InvalidInputError, WeightsError
from advviz.models import downloads, persistence, transfer
from advviz.models.downloads import HubFile, fetch_hub, is_here, models_folder, remove

ROOT = Path(__file__).resolve().parent.parent
KNOWN = HubFile(REPOSITORY, COMMIT, NAME, SHA256, len(DATA))
UNKNOWN = HubFile(REPOSITORY, COMMIT, NAME)


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Play the hub for this process's client, with an empty cache."""
    with served_hub(tmp_path, monkeypatch) as fake:
        yield fake


# --- a good day -------------------------------------------------------------------


def test_a_file_comes_once_and_is_then_here(hub, tmp_path):
    assert is_here(KNOWN) is None
    told = []
    path = fetch_hub(KNOWN, lambda *progress: told.append(progress))
    assert path.read_bytes() == DATA
    assert is_here(KNOWN) == path
    assert path.is_relative_to(tmp_path / "hub")
    assert told[0] == (0, len(DATA))
    assert told[-1] == (len(DATA), len(DATA))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert leftovers(tmp_path / "hub") == [SHA256]
    asked = len(hub.seen)
    assert fetch_hub(KNOWN) == path
    assert len(hub.seen) == asked  # no network


def test_the_hubs_own_client_finds_the_file_and_nothing_odd_in_its_cache(hub, tmp_path):
    from huggingface_hub import hf_hub_download, scan_cache_dir

    path = fetch_hub(KNOWN)
    asked = len(hub.gets)
    assert Path(hf_hub_download(REPOSITORY, NAME, revision=COMMIT)) == path
    assert len(hub.gets) == asked
    found = scan_cache_dir(tmp_path / "hub")
    assert found.warnings == []
    assert found.size_on_disk == len(DATA)


def test_a_file_that_the_hubs_client_has_downloaded_is_used(hub):
    from huggingface_hub import hf_hub_download

    path = hf_hub_download(REPOSITORY, NAME, revision=COMMIT)
    asked = len(hub.seen)
    assert str(fetch_hub(KNOWN)) == path
    assert len(hub.seen) == asked


def test_xet_is_not_used_where_the_hub_offers_it(hub):
    hub.xet = True
    hub.plans.append(Plan(dies_after=1_000_000))
    assert fetch_hub(KNOWN).read_bytes() == DATA
    assert hub.gets[-1].range == "bytes=1000000-"
    assert not [seen for seen in hub.seen if "xet" in seen.path]


def test_a_login_stays_with_the_hub(hub, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", "hf_test")
    fetch_hub(KNOWN)
    for seen in hub.seen:
        assert (seen.authorization == "Bearer hf_test") == seen.host.startswith("127.0.0.1")


@pytest.mark.usefixtures("hub")
def test_where_there_are_no_links_one_copy_is_kept(tmp_path, monkeypatch):
    from huggingface_hub import constants, file_download

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_SYMLINKS", True)
    monkeypatch.setattr(file_download, "_are_symlinks_supported_in_dir", {})
    path = fetch_hub(KNOWN)
    assert not path.is_symlink()
    assert leftovers(tmp_path / "hub") == [NAME]
    assert fetch_hub(KNOWN).read_bytes() == DATA


def test_two_threads_download_once(hub):
    hub.always = Plan(waits=0.02, chunk=100_000)
    paths = []
    threads = [threading.Thread(target=lambda: paths.append(fetch_hub(KNOWN))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(paths) == 4
    assert len(set(paths)) == 1
    assert len(hub.gets) == 1


def test_a_file_put_by_hand_is_used_and_checked(hub):
    place = models_folder() / "someone--models" / NAME
    place.parent.mkdir(parents=True)
    place.write_bytes(DATA)
    assert fetch_hub(KNOWN) == is_here(KNOWN) == place
    place.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(WeightsError, match=r"damaged or another file.*put the right file at"):
        fetch_hub(KNOWN)
    assert place.exists()  # a person's own file is theirs to remove
    assert hub.seen == []


# --- connections that break ---------------------------------------------------------


@pytest.mark.parametrize("resets", [False, True])
def test_a_server_that_dies_half_way_is_resumed(hub, resets):
    hub.plans += [Plan(dies_after=1_000_000, resets=resets), Plan(dies_after=500_000)]
    assert fetch_hub(KNOWN).read_bytes() == DATA
    first, second, third = hub.gets
    assert first.range is None
    assert second.range == "bytes=1000000-"
    assert third.range == "bytes=1500000-"
    assert second.if_range == third.if_range  # the same file, or all of it anew
    assert second.if_range is not None
    assert sum(one.sent for one in hub.gets) == len(DATA)  # nothing was sent twice


def test_an_early_end_that_no_length_betrays_is_resumed_too(hub):
    hub.plans.append(Plan(dies_after=1_000_000, no_length=True))
    assert fetch_hub(KNOWN).read_bytes() == DATA
    assert [one.range for one in hub.gets] == [None, "bytes=1000000-"]


def test_what_came_before_a_cancel_is_not_sent_again(hub, tmp_path):
    def stop(done, _total):
        if done >= 1_000_000:
            raise CancelledError("stopped by the visitor")

    hub.plans.append(Plan(chunk=100_000, waits=0.01))
    with pytest.raises(CancelledError, match="stopped by the visitor"):
        fetch_hub(KNOWN, stop)
    assert is_here(KNOWN) is None
    assert fetch_hub(KNOWN).read_bytes() == DATA
    begin = int(re.fullmatch(r"bytes=(\d+)-", hub.gets[1].range)[1])
    assert begin >= 1_000_000
    assert hub.gets[1].sent == len(DATA) - begin
    assert leftovers(tmp_path / "hub") == [SHA256]


def test_a_dead_server_is_given_up_and_the_next_call_goes_on(hub):
    hub.plans.append(Plan(dies_after=2_000_000))
    hub.always = Plan(dies_after=0)
    with pytest.raises(WeightsError, match=r"could not be downloaded: the connection .* broke"):
        fetch_hub(KNOWN)
    assert len(hub.gets) == 1 + 1 + len(persistence.PAUSES)
    assert is_here(KNOWN) is None
    hub.always = None
    assert fetch_hub(KNOWN).read_bytes() == DATA
    assert hub.gets[-1].range == "bytes=2000000-"


def test_a_process_that_was_killed_left_nothing_that_counts_as_whole(hub, tmp_path):
    """kill -9 in the middle of a download; the next process goes on from there."""
    hub.plans.append(Plan(chunk=50_000, waits=0.02))
    program = f"""
import os, signal
from advviz.models import downloads
def die(done, total):
    if done > 1_000_000:
        os.kill(os.getpid(), signal.SIGKILL)
downloads.fetch_hub(downloads.HubFile({REPOSITORY!r}, {COMMIT!r}, {NAME!r}), die)
"""
    done = subprocess.run([sys.executable, "-c", program], env=environment(hub, tmp_path))
    assert done.returncode == -9
    assert is_here(UNKNOWN) is None
    assert fetch_hub(UNKNOWN).read_bytes() == DATA
    assert sum(one.sent for one in hub.gets[1:]) < len(DATA) - 1_000_000


def test_a_server_that_stumbles_is_asked_again(hub):
    hub.heads += [503, 500]
    hub.plans += [Plan(status=502), Plan(status=429)]
    assert fetch_hub(KNOWN).read_bytes() == DATA


def test_a_hub_that_is_gone_when_the_file_gets_its_name_costs_no_bytes(hub):
    hub.heads += [Plan(), 404]
    with pytest.raises(WeightsError, match="the hub did not answer to the end"):
        fetch_hub(KNOWN)
    assert is_here(KNOWN) is None
    assert fetch_hub(KNOWN).read_bytes() == DATA
    assert len(hub.gets) == 1


# --- answers that are not the file ----------------------------------------------------


@pytest.mark.parametrize("file", [KNOWN, UNKNOWN], ids=["known", "declared"])
def test_a_corrupted_byte_is_found_and_nothing_is_kept(hub, tmp_path, file):
    damaged = bytearray(DATA)
    damaged[1_234_567] ^= 1
    hub.publish(REPOSITORY, NAME, DATA, served=bytes(damaged))
    with pytest.raises(WeightsError, match=f"should begin {SHA256[:12]}, got .* it was removed"):
        fetch_hub(file)
    assert is_here(file) is None
    assert leftovers(tmp_path / "hub") == []
    assert not (models_folder() / "digests.json").exists()


def test_a_truncated_download_is_refused(hub, tmp_path):
    hub.publish(REPOSITORY, NAME, DATA, served=DATA[:-5])
    with pytest.raises(WeightsError, match="offers 2999995 bytes where 3000000 are expected"):
        fetch_hub(KNOWN)
    with pytest.raises(WeightsError, match="damaged or another file"):
        fetch_hub(UNKNOWN)
    assert is_here(UNKNOWN) is None
    assert leftovers(tmp_path / "hub") == []


@pytest.mark.parametrize("kind", ["text/html; charset=utf-8", "application/octet-stream"])
def test_a_web_page_in_place_of_the_bytes_is_refused(hub, tmp_path, kind):
    hub.plans.append(Plan(html=True, html_type=kind))
    file = HubFile(REPOSITORY, COMMIT, NAME)
    hub.publish(REPOSITORY, NAME, DATA)
    with pytest.raises(WeightsError, match=r"sent a web page|offers 54 bytes"):
        fetch_hub(file)
    assert is_here(file) is None
    assert fetch_hub(file).read_bytes() == DATA
    assert leftovers(tmp_path / "hub") == [SHA256]


def test_a_web_page_in_place_of_the_hub_is_refused(hub):
    hub.heads.append(Plan(html=True))
    with pytest.raises(WeightsError, match="sent a web page instead of the file"):
        fetch_hub(UNKNOWN)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (404, "has no such file (HTTP 404); check its name and revision"),
        (403, "refuses to give it (HTTP 403); agree to its terms on its page and log in"),
        (401, "or not without a login (HTTP 401)"),
        (503, "answers with HTTP 503; try again later"),
    ],
)
def test_a_refusal_is_one_sentence_that_says_what_to_do(hub, status, words):
    hub.heads += [status] * 10
    with pytest.raises(WeightsError) as caught:
        fetch_hub(KNOWN)
    told = str(caught.value)
    assert words in told
    place = models_folder() / "someone--models" / NAME
    url = f"{hub.endpoint}/{REPOSITORY}/resolve/{COMMIT}/{NAME}"
    assert told.endswith(f"or download {url} on another machine and put it at {place}")
    assert "\n" not in told
    assert hub.gets == []


def test_an_etag_that_would_leave_the_cache_is_refused(hub, tmp_path):
    hub.names = {path: "../../../evil" for path in hub.names}
    with pytest.raises(WeightsError, match="could not be downloaded"):
        fetch_hub(KNOWN)
    assert not list(tmp_path.rglob("evil*"))


@pytest.mark.usefixtures("hub")
def test_a_disk_without_room_is_found_before_a_byte_is_sent(monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(transfer.shutil, "disk_usage", lambda _: usage._replace(free=4_000_000))
    with pytest.raises(WeightsError, match=r"it needs 35 MiB in .* 4 MiB are free; make room$"):
        fetch_hub(KNOWN)
    assert leftovers(models_folder().parent / "hub") == []


@pytest.mark.usefixtures("hub")
def test_a_disk_that_fills_up_is_said_and_the_next_call_goes_on(monkeypatch):
    def full(_descriptor):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        with pytest.raises(WeightsError, match="could not be kept: No space left on device; make"):
            fetch_hub(KNOWN)
    assert is_here(KNOWN) is None
    assert fetch_hub(KNOWN).read_bytes() == DATA


@pytest.mark.usefixtures("hub")
def test_without_the_hubs_client_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    assert is_here(KNOWN) is None
    with pytest.raises(WeightsError, match="pip install huggingface_hub"):
        fetch_hub(KNOWN)


# --- digests of first use ---------------------------------------------------------------


def test_a_digest_is_recorded_at_first_use_and_demanded_from_then_on(hub):
    path = fetch_hub(UNKNOWN)
    book = models_folder() / "digests.json"
    assert json.loads(book.read_text()) == {UNKNOWN.key: SHA256}
    remove(UNKNOWN)
    assert is_here(UNKNOWN) is None
    assert not path.exists()
    hub.publish(REPOSITORY, NAME, DATA[::-1])
    with pytest.raises(WeightsError, match=rf"damaged or another file.*remove .* from {book}"):
        fetch_hub(UNKNOWN)
    assert is_here(UNKNOWN) is None


def test_a_branch_is_pinned_at_the_commit_of_its_first_use(hub):
    """Another file of the repository, and the same one later, come from that commit too."""
    branch = replace(UNKNOWN, revision="main")
    for name, data in ((NAME, DATA), ("other.ckpt", DATA[:1000])):
        hub.publish(REPOSITORY, name, data)
    on_the_branch = f"/{REPOSITORY}/resolve/main/{NAME}"
    hub.files[on_the_branch] = DATA
    hub.names[on_the_branch] = SHA256
    path = fetch_hub(branch)
    book = json.loads((models_folder() / "revisions.json").read_text())
    assert book == {f"{REPOSITORY}@main": COMMIT}
    assert json.loads((models_folder() / "digests.json").read_text()) == {UNKNOWN.key: SHA256}
    del hub.files[on_the_branch]  # the branch has moved on
    assert fetch_hub(branch) == path
    assert fetch_hub(replace(branch, name="other.ckpt")).read_bytes() == DATA[:1000]
    remove(branch)
    assert is_here(branch) is None
    assert fetch_hub(branch).read_bytes() == DATA


@pytest.mark.usefixtures("hub")
@pytest.mark.parametrize("file", [KNOWN, UNKNOWN], ids=["known", "declared"])
def test_a_copy_that_rots_in_the_cache_is_removed_and_can_come_again(file):
    path = fetch_hub(file)
    blob = path.resolve()
    blob.write_bytes(DATA[:-1] + b"!")
    with pytest.raises(WeightsError, match="it was removed, so download it again"):
        fetch_hub(file)
    assert not blob.exists()
    assert fetch_hub(file).read_bytes() == DATA


def test_two_processes_record_every_digest(tmp_path):
    program = """
import sys
from pathlib import Path
from advviz.models.digests import DigestBook
book = DigestBook(Path(sys.argv[1]) / "digests.json", Path(sys.argv[1]) / "locks")
for number in range(60):
    assert book.settle(f"{sys.argv[2]}{number}", sys.argv[2]) == sys.argv[2]
    assert book.settle("shared", sys.argv[2]) in "ab"
"""
    words = [sys.executable, "-c", program, str(tmp_path)]
    both = [
        subprocess.Popen([*words, name], env=os.environ | {"PYTHONPATH": str(ROOT)})
        for name in "ab"
    ]
    assert [process.wait(timeout=120) for process in both] == [0, 0]
    found = json.loads((tmp_path / "digests.json").read_text())
    shared = found.pop("shared")
    assert shared in ("a", "b")
    assert found == {f"{name}{number}": name for name in "ab" for number in range(60)}


@pytest.mark.usefixtures("hub")
def test_a_damaged_book_of_digests_voids_no_check():
    fetch_hub(UNKNOWN)
    (models_folder() / "digests.json").write_text("<html>")
    with pytest.raises(WeightsError, match="should hold the digests"):
        fetch_hub(UNKNOWN)


# --- removing ------------------------------------------------------------------------------


def test_removing_takes_the_unfinished_too_and_leaves_other_files(hub, tmp_path):
    other = HubFile(REPOSITORY, COMMIT, "other.ckpt")
    hub.publish(REPOSITORY, "other.ckpt", b"other" * 1000)
    fetch_hub(other)
    hub.plans.append(Plan(dies_after=100_000))
    hub.always = Plan(status=404)
    with pytest.raises(WeightsError):
        fetch_hub(KNOWN)
    assert len(leftovers(tmp_path / "hub")) == 3  # the other, the unfinished and its tag
    remove(KNOWN)
    assert len(leftovers(tmp_path / "hub")) == 1
    assert is_here(other)
    remove(other)
    assert leftovers(tmp_path / "hub") == []
    remove(other)  # nothing to do


def test_bytes_that_another_name_shares_stay(hub):
    twin = HubFile(REPOSITORY, COMMIT, "twin.ckpt", SHA256)
    hub.publish(REPOSITORY, "twin.ckpt", DATA)
    fetch_hub(KNOWN)
    fetch_hub(twin)
    assert len(hub.gets) == 1  # the cache had the bytes
    remove(KNOWN)
    assert fetch_hub(twin).read_bytes() == DATA
    assert len(hub.gets) == 1


def test_damaged_bytes_go_even_if_another_name_shares_them(hub):
    twin = HubFile(REPOSITORY, COMMIT, "twin.ckpt", SHA256)
    hub.publish(REPOSITORY, "twin.ckpt", DATA)
    fetch_hub(twin)
    fetch_hub(KNOWN).resolve().write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="damaged or another file"):
        fetch_hub(KNOWN)
    assert is_here(twin) is None
    assert fetch_hub(KNOWN).read_bytes() == fetch_hub(twin).read_bytes() == DATA


# --- the environment, in processes of their own ----------------------------------------------


def environment(hub: FakeHub, tmp_path: Path, **more: str) -> dict[str, str]:
    """Return what a process needs to find the served hub and nothing else."""
    clean = {name: value for name, value in os.environ.items() if name.lower() not in PROXIES}
    own = {"PYTHONPATH": str(ROOT), "HF_ENDPOINT": hub.endpoint, "HF_HOME": str(tmp_path)}
    return clean | own | {"ADVVIZ_MODELS": str(tmp_path / "models")} | more


def fetched(variables: dict[str, str]) -> str:
    """Fetch in a fresh process; return the path, or the sentence."""
    program = f"""
from advviz.errors import WeightsError
from advviz.models import downloads, persistence, transfer
persistence.PAUSES = (0.0,)
try:
    print(downloads.fetch_hub(downloads.HubFile({REPOSITORY!r}, {COMMIT!r}, {NAME!r})))
except WeightsError as error:
    print(error)
"""
    words = [sys.executable, "-W", "error", "-c", program]
    done = subprocess.run(words, env=variables, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_home_and_the_endpoint_of_the_environment_are_used(hub, tmp_path):
    path = Path(fetched(environment(hub, tmp_path)))
    assert path.is_relative_to(tmp_path / "hub")
    assert path.read_bytes() == DATA


def test_the_proxy_of_the_environment_is_used(hub, tmp_path):
    variables = environment(hub, tmp_path, HF_ENDPOINT="http://hub.invalid")
    assert "hub.invalid cannot be reached from here" in fetched(variables)
    path = fetched(variables | {"HTTP_PROXY": hub.endpoint})
    assert Path(path).read_bytes() == DATA
    assert hub.seen[0].path.startswith("http://hub.invalid/")


def test_offline_is_respected_and_needs_no_network_for_what_is_here(hub, tmp_path):
    offline = environment(hub, tmp_path, HF_HUB_OFFLINE="1")
    said = fetched(offline)
    assert "HF_HUB_OFFLINE forbids the network; unset it, or download" in said
    assert hub.seen == []
    path = fetched(environment(hub, tmp_path))
    assert fetched(offline) == path


def test_no_server_at_the_address_is_said_at_once(hub, tmp_path):
    variables = environment(hub, tmp_path, HF_ENDPOINT="http://127.0.0.1:1")
    assert "127.0.0.1:1 cannot be reached from here" in fetched(variables)


# --- what may be asked for --------------------------------------------------------------------


@pytest.mark.parametrize(
    "wrong",
    [
        {"repository": "../secrets"},
        {"repository": "a/b/c"},
        {"name": "../../etc/passwd"},
        {"name": "/etc/passwd"},
        {"name": ""},
        {"sha256": "abc"},
    ],
)
def test_names_that_lead_elsewhere_are_refused(wrong):
    good = {"repository": REPOSITORY, "revision": COMMIT, "name": NAME}
    with pytest.raises(InvalidInputError):
        HubFile(**good | wrong)


def test_the_folder_is_the_environments_or_the_users(monkeypatch, tmp_path):
    monkeypatch.setenv("ADVVIZ_MODELS", str(tmp_path))
    assert downloads.models_folder() == tmp_path
    monkeypatch.delenv("ADVVIZ_MODELS")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert downloads.models_folder() == tmp_path / "data" / "advviz" / "models"
