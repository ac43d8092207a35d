"""`python -m advviz`: the same as the command `advviz`."""

import sys

from advviz.cli import main

if __name__ == "__main__":
    sys.exit(main())
