"""The command line: `chassis run`, `config`, `messages`, `routes`, `migrate`, `doctor`; enter by main.py."""

from fastapi_chassis.cli.main import command_line

__all__ = ("command_line",)
