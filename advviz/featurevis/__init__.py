"""Feature visualization: procedures that draw what excites a unit."""
