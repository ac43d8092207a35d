"""The lessons: chapters as Markdown files, which a teacher edits or adds without code."""
