"""What the presets are called and say, by id; {places} hold what `presets.places` returns."""

FIRST = "goldfish"
"""The preset that Home opens with."""

TITLES = {
    FIRST: "The {target} {shown}",
    "only-noise": "Only noise?",
    "any-answer": "Any answer you like",
    "vanishing-car": "The vanishing {shown}",
    "how-small": "How small?",
    "whose-weakness": "Whose weakness?",
    "two-ways": "Two ways to become a {target}",
    "what-moves": "What moves the answer",
    "two-questions": "One fooled picture, two questions",
    "favourites": "Favourite images",
}
"""By the preset's id; places hold what `places` returns."""

SENTENCES = {
    FIRST: (
        "One small change of the picture each: the standard network says {target}, the "
        "robust one still says {shown}."
    ),
    "only-noise": "A hundred random changes of the same size, against one that has a direction.",
    "any-answer": "The same {shown}: choose any other class, and the standard network says it.",
    "vanishing-car": "The {shown} is where it was; the standard network sees a {target}.",
    "how-small": (
        "At which strength does each network give {target} for a {shown}? One stop after "
        "the other, the same for both."
    ),
    "whose-weakness": (
        "An attacked {shown}, made on one network and shown to the other: what carries "
        "over, and what does not?"
    ),
    "two-ways": (
        "With a change this large both networks say {target}. Only one of the two pictures "
        "shows something of a {target}."
    ),
    "what-moves": (
        "Where does a tiny change move the score for {shown}? Gradient and SmoothGrad of "
        "both networks, and of one with random weights beside."
    ),
    "two-questions": (
        "What moves the score for {shown} in the fooled picture, and what moves the score "
        "for {target}? On the standard network the two maps correlate at {alike}."
    ),
    "favourites": (
        "Drawn out of noise to please a network, within the range of pixels and no other "
        "bound. Would a stranger name it?"
    ),
}
"""What a preset shows, by its id, with the same places."""
