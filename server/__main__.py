"""`python -m skyband.server` is `skyband`."""

from skyband.server.cli import main

main()
