"""Pictures that need no network: those of scikit-image and Foolbox that suit the classes.

Both packages are dependencies for their pictures alone: their files are located without
importing them. Every picture was looked at, at 64 x 64; none shows a person. What one shows
is said for each vocabulary that has a class for it, and follows the data set's own label
where the picture comes from one, unless the label is plainly wrong.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from types import MappingProxyType

from advviz.errors import UnknownNameError

DISTRIBUTIONS = {"skimage": "scikit-image", "foolbox": "foolbox"}

VOCABULARIES = ("tiny14", "cifar10", "imagenet")

_ORIGINS = {
    "imagenet": "from ImageNet, in Foolbox (MIT)",
    "cifar10": "from CIFAR-10, 32 pixels a side, in Foolbox (MIT)",
    "cifar100": "from CIFAR-100, 32 pixels a side, in Foolbox (MIT)",
}
"""By how the file's name begins."""
LARGE, SMALL = 300, 32
"""Pixels a side: the smallest photo of the gallery, and a picture of the CIFAR data sets."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """A gallery picture: what it shows, where it comes from, which square is used."""

    id: str
    title: str
    shows: Mapping[str, str]  # "tiny14", "cifar10": class name; "imagenet": WordNet id
    origin: str  # author or data set, and licence
    package: str  # import name of the package that carries the file
    file: str  # inside the package
    crop: tuple[int, int, int] | None = None  # left, top, side; None: the centred square

    @property
    def source(self) -> str:
        """Say who made the picture, under which licence, and which file it is."""
        return f"{self.origin}: {self.package}/{self.file}"

    @property
    def side(self) -> int:
        """Give the side of the square that is used, in pixels of the file; at least, of a photo."""
        if self.crop is not None:
            return self.crop[2]
        return SMALL if "cifar" in self.file else LARGE

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


def samples(size: int = 1) -> tuple[Sample, ...]:
    """List the gallery in the order in which it is shown.

    Args:
        size: of a network's input in pixels; pictures that it would receive enlarged are left
            out, for the blur is nothing that it has learned from.
    """
    return tuple(sample for sample in _SAMPLES if sample.side >= size)


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


def _skimage(name: str, title: str, file: str, origin: str, shows: str) -> Sample:
    return Sample(
        id=name,
        title=title,
        shows=_words(shows),
        origin=f"{origin}, in scikit-image",
        package="skimage",
        file=f"data/{file}",
    )


def _foolbox(
    name: str, title: str, file: str, shows: str, crop: tuple[int, int, int] | None = None
) -> Sample:
    return Sample(
        id=name,
        title=title,
        shows=_words(shows),
        origin=_ORIGINS[file.partition("_")[0]],
        package="foolbox",
        file=f"data/{file}",
        crop=crop,
    )


def _words(shows: str) -> Mapping[str, str]:
    """Read the words of the three vocabularies; a dash where there is none."""
    words = zip(VOCABULARIES, shows.split(), strict=True)
    return MappingProxyType({vocabulary: word for vocabulary, word in words if word != "-"})


_SAMPLES = (
    _skimage(
        "chelsea",
        "Chelsea the cat",
        "chelsea.png",
        "Stefan van der Walt (CC0)",
        "cat cat n02123045",
    ),
    # The crop leaves out the legs of whoever holds the leash.
    _foolbox("mastiff", "Mastiff", "imagenet_00_243.jpg", "dog dog n02108422", (0, 100, 330)),
    _foolbox("jeep", "Jeep", "imagenet_06_609.jpg", "car automobile n03594945", (90, 80, 400)),
    _skimage(
        "coffee", "Cup of coffee", "coffee.png", "Rachel Michetti (CC0)", "coffee - n07920052"
    ),
    _foolbox("goose", "Goose", "imagenet_15_99.jpg", "bird bird n01855672", (20, 60, 280)),
    _foolbox("dalmatian", "Dalmatian", "imagenet_16_251.jpg", "dog dog n02110341"),
    _foolbox("puppy", "Puppy", "cifar10_16_5.png", "dog dog -"),
    _foolbox("tabby", "Tabby cat", "cifar10_08_3.png", "cat cat n02123045"),
    _foolbox("eagle", "Bald eagle", "imagenet_17_22.jpg", "bird bird n01614925"),
    # ImageNet says spoonbill; the bill is an ibis's, which ImageNet has no class for.
    _foolbox("wader", "Wading bird", "imagenet_14_129.jpg", "bird bird -", (120, 120, 180)),
    _foolbox("frog", "Frog in the grass", "cifar10_04_6.png", "frog frog -"),
    _foolbox("toad", "Toad", "cifar10_05_6.png", "frog frog -"),
    _foolbox("treefrog", "Tree frog", "cifar10_07_6.png", "frog frog n01644373"),
    _foolbox(
        "leafhopper", "Leafhopper", "imagenet_18_317.jpg", "insect - n02259212", (60, 40, 400)
    ),
    _foolbox("beetle", "Dung beetle", "imagenet_19_305.jpg", "insect - n02172182", (50, 90, 360)),
    _foolbox("strawberries", "Strawberries", "imagenet_04_949.jpg", "fruit - n07745940"),
    _foolbox("orange", "Half an orange", "cifar100_19_53.png", "fruit - n07747607"),
    # The crop leaves out the frame of the photo.
    _foolbox("apples", "Three apples", "cifar100_09_0.png", "fruit - -", (2, 2, 28)),
    _foolbox("offroader", "Car on a slope", "imagenet_07_609.jpg", "car automobile n03594945"),
    _foolbox("hatchback", "White hatchback", "cifar10_06_1.png", "car automobile -"),
    _foolbox("seashore", "Seashore", "cifar100_10_71.png", "landscape - n09428293"),
    _foolbox("sunset", "Sunset over the sea", "cifar100_04_71.png", "landscape - -"),
    # ImageNet knows missiles and mopeds, but neither rockets nor motorcycles.
    _skimage("rocket", "Rocket", "rocket.jpg", "SpaceX (public domain)", "- - -"),
    _skimage("motorcycle", "Motorcycle", "motorcycle_left.png", "Middlebury Stereo 2014", "- - -"),
    _foolbox("jet", "Jet in flight", "cifar10_10_0.png", "- airplane n04552348"),
    _foolbox("grey", "Grey horse", "cifar10_13_7.png", "- horse -"),
    _foolbox("bay", "Bay horse", "cifar10_17_7.png", "- horse -"),
    _foolbox("ferry", "Ferry", "cifar10_01_8.png", "- ship -"),
    _foolbox("motorboat", "Motorboat", "cifar10_02_8.png", "- ship -"),
    _foolbox("bluetruck", "Blue truck", "cifar10_14_9.png", "- truck -"),
    _foolbox("refusetruck", "Refuse truck", "cifar10_11_9.png", "- truck n03417042"),
    _foolbox("deckchairs", "Deck chairs", "imagenet_01_559.jpg", "- - n03376595"),
    _foolbox("chestnuts", "Horse chestnuts", "imagenet_03_990.jpg", "- - n12768682"),
    _foolbox("yurts", "Two yurts", "imagenet_08_915.jpg", "- - n04613696"),
    _foolbox("bottlecap", "Bottle cap", "imagenet_09_455.jpg", "- - n02877765"),
    # The crop leaves out the lettering.
    _foolbox("drum", "Drum", "imagenet_10_541.jpg", "- - n03249569", (205, 25, 620)),
    _foolbox("cannon", "Cannon", "imagenet_13_471.jpg", "- - n02950826"),
)
