"""Pictures that need no network: those of scikit-image and Foolbox that suit the classes.

Both packages are dependencies for their pictures alone: their files are located without
importing them. Every picture was looked at, at 64 x 64; none shows a person.
"""

from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from advviz.errors import UnknownNameError

DISTRIBUTIONS = {"skimage": "scikit-image", "foolbox": "foolbox"}

IMAGENET = "from ImageNet, in Foolbox (MIT)"
CIFAR10 = "from CIFAR-10, 32 pixels a side, in Foolbox (MIT)"
CIFAR100 = "from CIFAR-100, 32 pixels a side, in Foolbox (MIT)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A gallery picture: what it shows, where it comes from, which square is used."""

    id: str
    title: str
    true_class: str | None  # a class name of TINY14; None where no class fits
    origin: str  # author or data set, and licence
    package: str  # import name of the package that carries the file
    file: str  # inside the package
    crop: tuple[int, int, int] | None = None  # left, top, side; None: the centred square

    @property
    def source(self) -> str:
        """Say who made the picture, under which licence, and which file it is."""
        return f"{self.origin}: {self.package}/{self.file}"

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """Give the hand-set square as left, top, right, bottom."""
        if self.crop is None:
            return None
        left, top, side = self.crop
        return (left, top, left + side, top + side)

    @property
    def path(self) -> Path:
        """Locate the file, without importing the package that carries it.

        Raises:
            UnknownNameError: the package is not installed, or came without the file.
        """
        path = _folder(self.package) / self.file
        if not path.is_file():
            distribution = DISTRIBUTIONS[self.package]
            raise UnknownNameError(
                f"the gallery picture {self.id} is a file of the package {distribution}, "
                f"which is missing here; run: pip install {distribution}"
            )
        return path


@cache
def _folder(package: str) -> Path:
    """Find where a package lies; a path that does not exist if it is not installed."""
    spec = find_spec(package)
    locations = spec.submodule_search_locations if spec else None
    return Path(locations[0]) if locations else Path(package)


def samples() -> tuple[Sample, ...]:
    """List the gallery in the order in which it is shown."""
    return _SAMPLES


def sample(name: str) -> Sample:
    """Find a gallery picture by its id.

    Raises:
        UnknownNameError: there is no such picture.
    """
    for candidate in _SAMPLES:
        if candidate.id == name:
            return candidate
    names = ", ".join(candidate.id for candidate in _SAMPLES)
    raise UnknownNameError(f"there is no gallery picture {name[:40]!r}; choose one of: {names}")


def _skimage(name: str, title: str, true_class: str | None, file: str, origin: str) -> Sample:
    return Sample(
        id=name,
        title=title,
        true_class=true_class,
        origin=f"{origin}, in scikit-image",
        package="skimage",
        file=f"data/{file}",
    )


def _foolbox(
    name: str,
    title: str,
    true_class: str,
    file: str,
    origin: str,
    crop: tuple[int, int, int] | None = None,
) -> Sample:
    return Sample(
        id=name,
        title=title,
        true_class=true_class,
        origin=origin,
        package="foolbox",
        file=f"data/{file}",
        crop=crop,
    )


_SAMPLES = (
    _skimage("chelsea", "Chelsea the cat", "cat", "chelsea.png", "Stefan van der Walt (CC0)"),
    # The crop leaves out the legs of whoever holds the leash.
    _foolbox("mastiff", "Mastiff", "dog", "imagenet_00_243.jpg", IMAGENET, (0, 100, 330)),
    _foolbox("jeep", "Jeep", "car", "imagenet_06_609.jpg", IMAGENET, (90, 80, 400)),
    _skimage("coffee", "Cup of coffee", "coffee", "coffee.png", "Rachel Michetti (CC0)"),
    _foolbox("goose", "Goose", "bird", "imagenet_15_99.jpg", IMAGENET, (20, 60, 280)),
    _foolbox("dalmatian", "Dalmatian", "dog", "imagenet_16_251.jpg", IMAGENET),
    _foolbox("puppy", "Puppy", "dog", "cifar10_16_5.png", CIFAR10),
    _foolbox("tabby", "Tabby cat", "cat", "cifar10_08_3.png", CIFAR10),
    _foolbox("eagle", "Bald eagle", "bird", "imagenet_17_22.jpg", IMAGENET),
    _foolbox("wader", "Wading bird", "bird", "imagenet_14_129.jpg", IMAGENET, (120, 120, 180)),
    _foolbox("frog", "Frog in the grass", "frog", "cifar10_04_6.png", CIFAR10),
    _foolbox("toad", "Toad", "frog", "cifar10_05_6.png", CIFAR10),
    _foolbox("treefrog", "Tree frog", "frog", "cifar10_07_6.png", CIFAR10),
    _foolbox("leafhopper", "Leafhopper", "insect", "imagenet_18_317.jpg", IMAGENET, (60, 40, 400)),
    _foolbox("beetle", "Dung beetle", "insect", "imagenet_19_305.jpg", IMAGENET, (50, 90, 360)),
    _foolbox("strawberries", "Strawberries", "fruit", "imagenet_04_949.jpg", IMAGENET),
    _foolbox("orange", "Half an orange", "fruit", "cifar100_19_53.png", CIFAR100),
    # The crop leaves out the frame of the photo.
    _foolbox("apples", "Three apples", "fruit", "cifar100_09_0.png", CIFAR100, (2, 2, 28)),
    _foolbox("offroader", "Car on a slope", "car", "imagenet_07_609.jpg", IMAGENET),
    _foolbox("hatchback", "White hatchback", "car", "cifar10_06_1.png", CIFAR10),
    _foolbox("seashore", "Seashore", "landscape", "cifar100_10_71.png", CIFAR100),
    _foolbox("sunset", "Sunset over the sea", "landscape", "cifar100_04_71.png", CIFAR100),
    _skimage("rocket", "Rocket", None, "rocket.jpg", "SpaceX (public domain)"),
    _skimage("motorcycle", "Motorcycle", None, "motorcycle_left.png", "Middlebury Stereo 2014"),
)
