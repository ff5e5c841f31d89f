"""The door: turns new connections away while those that have come are still let in."""

import ctypes
import logging
import socket
import struct

_log = logging.getLogger("fastapi_chassis.server")

_SO_ATTACH_FILTER = 26
_SO_DETACH_FILTER = 27

# a socket filter of the kernel: it drops the first packet of every new connection, and nothing else
_INSTRUCTIONS = (
    (0x30, 0, 0, 13),  # load the flags of the TCP header
    (0x54, 0, 0, 0x12),  # keep SYN and ACK of them
    (0x15, 0, 1, 0x02),  # SYN alone?
    (0x06, 0, 0, 0),  # drop it
    (0x06, 0, 0, 0xFFFF),  # pass it
)


def turn_away(listener: socket.socket) -> bool:
    """Lets no new connection begin at a listener; those whose handshake has begun can still be accepted.

    Closing a listener resets every connection that waits to be accepted, and while new ones come there is no
    moment at which none waits. Whoever is turned away tries again within a second, and finds it closed.

    Returns:
        Whether this system can do it.
    """
    program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in _INSTRUCTIONS))
    option = struct.pack("HP", len(_INSTRUCTIONS), ctypes.addressof(program))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, option)
    except OSError as fault:
        _log.debug("new connections can't be turned away: %s", fault)
        return False
    return True


def welcome(listener: socket.socket) -> None:
    """Lets connections begin again, where a server before this one turned them away."""
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_DETACH_FILTER, 0)
    except OSError as fault:
        _log.debug("nothing was turned away: %s", fault)
