"""Where the tests of a map pass and fail, the same for every map.

The two rules of failing a rank test were made stricter after the first maps had been judged; no
rule of passing was changed.

Correlations are judged by the share of the variance of the ranks that two maps have in common,
which is the square of their rank correlation. Comparisons with maps that know nothing are judged
by a rank test: if the map, too, knew nothing, each place among them would be equally likely. All
intervals are 95% ones.
"""

ALIKE = 0.7
"""Rank correlation from which on two maps count as the same: about half of the variance of their
ranks is common (0.7² = 0.49)."""
UNLIKE = 0.5
"""Rank correlation below which they count as different: less than a quarter is common."""
REPEATS = 0.5
"""How far a map averaged over noisy inputs must repeat itself (its reliability, from two halves)
before it is compared: below, any two maps are unlike, and the test would pass noise."""
LEVEL = 0.05
"""Of the rank tests: a map that knows nothing comes first by chance in 1 of 20 tests. So at least
19 others are needed, and with fewer no such test is passed. Entropies of single maps scatter
both ways, so there coming last fails, and all between is not enough to tell."""
HALF = 0.5
"""Share of the maps that know nothing which are beaten. Where even the upper end of its Wilson
interval lies below a half, most of them do at least as well, and the map fails."""
STEADY, UNSTEADY = 0.5, 1.0
"""Largest move of a map, by its own length, among pictures that nobody tells apart. From 1 on the
change is larger than the map; below a half the larger part of the map stays."""
ROUNDING = 2.0**-24
"""What is missing to probability 1 where float32 cannot tell it from 1: half the distance between
1 and the next smaller number. There the gradient of the loss is rounding error, or zero."""
TWICE, TENTH = 2.0, 0.1
"""A network whose largest probability is neither twice what guessing gives, nor a tenth of the
way from guessing to certainty, hardly has an answer that could be explained."""
