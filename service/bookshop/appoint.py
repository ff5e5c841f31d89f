"""Appoint: makes a member an administrator, from the command line: `python -m bookshop.appoint EMAIL`."""

import asyncio
import sys

from bookshop.app import Bookshop
from bookshop.users.commands import AppointAdministrator
from fastapi_chassis.application import MessageContext, Principal, use_context
from fastapi_chassis.config import render_report
from fastapi_chassis.domain import AppException, ChassisError

OPERATOR = Principal("operator", frozenset({"users:appoint"}))


async def appoint(application: Bookshop, email: str) -> None:
    """Makes a member an administrator; it counts from their next login on.

    Args:
        application: built, not started.
        email: the member's address.

    Raises:
        NotFoundException: no member has this address.
    """
    await application.start()
    try:
        with use_context(MessageContext(principal=OPERATOR)):
            await application.mediator.send(AppointAdministrator(email=email))
    finally:
        await application.stop()


def main() -> None:
    """Appoints whom the command line names."""
    if len(sys.argv) != 2:
        sys.exit("usage: python -m bookshop.appoint EMAIL")
    try:
        asyncio.run(appoint(Bookshop(), sys.argv[1]))
    except AppException as told:
        sys.exit(told.message)
    except ChassisError as failure:
        sys.exit(render_report("nobody was appointed", failure.findings))


if __name__ == "__main__":
    main()
