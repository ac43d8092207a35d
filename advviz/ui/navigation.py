"""The pages of the navigation, by section: script, title, icon; the first is the front page."""

SECTIONS = {
    "": (  # shown without a click
        ("home.py", "Home", ":material/home:"),
        ("compare.py", "Compare", ":material/compare:"),
        ("attack.py", "Attack", ":material/target:"),
        ("saliency.py", "Saliency", ":material/grain:"),
        ("feature_visualization.py", "Feature visualization", ":material/brush:"),
    ),
    "Set up": (("compute.py", "Compute", ":material/memory:"),),
}
PAGES = tuple(page for pages in SECTIONS.values() for page in pages)
