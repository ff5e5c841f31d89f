"""One folder for each vendor; what they fulfil are the ports of the rooms below."""

__all__ = ()
