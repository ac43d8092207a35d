"""The compute layer: one engine a process, which runs experiments for everybody.

Importing it loads no torch; the engine's worker thread does.
"""

from advviz.compute.engine import Engine, engine
from advviz.compute.job import Job, State
from advviz.compute.view import View

__all__ = ["Engine", "Job", "State", "View", "engine"]
