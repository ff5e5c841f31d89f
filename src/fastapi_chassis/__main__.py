"""`python -m fastapi_chassis`: the command line without its script."""

from fastapi_chassis.cli import command_line

command_line()()
