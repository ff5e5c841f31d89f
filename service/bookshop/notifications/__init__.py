"""Notifications: what members are told, made from the events of other modules."""
