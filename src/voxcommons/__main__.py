"""`python -m voxcommons` is the command `vox`, for places where the script is not on the path."""

from voxcommons.cli.main import run

if __name__ == "__main__":
    run()
