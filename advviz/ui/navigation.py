"""The pages of the navigation: script, title, icon; the first is the front page."""

PAGES = (
    ("home.py", "Home", ":material/home:"),
    ("compare.py", "Compare", ":material/compare:"),
    ("attack.py", "Attack", ":material/target:"),
    ("saliency.py", "Saliency", ":material/grain:"),
    ("feature_visualization.py", "Feature visualization", ":material/brush:"),
)
