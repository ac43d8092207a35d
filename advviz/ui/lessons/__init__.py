"""The page of the lessons: where a student stands, what is asked, what is shown."""
