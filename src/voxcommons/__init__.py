"""VoxCommons: clone a voice from a minute of recording and speak any text with it, on your own machine.

The package's own name and version live here and nothing else, so that `import voxcommons` costs nothing. The rooms below
are described in docs/tour.md; which room may import which is a test (tests/house/test_floors.py).
"""

__version__ = "0.1.0"
