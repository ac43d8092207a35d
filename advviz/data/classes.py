"""The classes that the bundled models know, and the WordNet ids that make each of them."""

TINY14: dict[str, tuple[str, ...]] = {
    "dog": ("n02085620", "n02094433", "n02099601", "n02099712", "n02106662", "n02113799"),
    "cat": ("n02123045", "n02123394", "n02124075"),
    "bird": ("n01855672", "n02002724", "n02056570", "n02058221"),
    "frog": ("n01641577", "n01644900"),
    "bridge": ("n04366367", "n04311004"),
    "insect": ("n02165456", "n02190166", "n02206856", "n02226429", "n02236044", "n02268443"),
    "butterfly": ("n02279972", "n02281406"),
    "spider": ("n01774384", "n01774750"),
    "goldfish": ("n01443537",),
    "fruit": ("n07747607", "n07749582", "n07753592", "n07768694"),
    "coffee": ("n07920052",),
    "car": ("n02814533", "n03100240", "n03670208", "n04285008"),
    "bus": ("n04146614", "n04487081", "n03796401", "n03977966"),
    "landscape": ("n09193705", "n09246464", "n09332890", "n09428293"),
}
"""Fourteen everyday classes made of 45 Tiny ImageNet classes.

None is one that a photo of a person must never be called; there is no primate class.
"""
