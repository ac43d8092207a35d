"""Having CIFAR-10 on this machine, with a progress bar."""

from advviz.cli.computing import progress_bar


def download() -> None:
    """Download CIFAR-10 and unpack it."""
    from advviz.labs.cifar10_download import fetch

    with progress_bar(unit="B", unit_scale=True, desc="CIFAR-10") as bar:

        def report(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        fetch(report)
