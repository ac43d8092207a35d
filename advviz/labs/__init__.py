"""Labs: procedures that train small networks of their own, live, while somebody watches.

They ask no network of the catalogue. What trains is stepped in calls of a fraction of a second
(`turns`), so that a lab shares the worker with everybody else, tells how far it is, and can be
stopped like any other procedure.
"""
