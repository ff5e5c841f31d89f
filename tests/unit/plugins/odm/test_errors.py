"""What a complaint of the server or its driver is told as."""

import pytest
from bson.errors import InvalidDocument
from pymongo.errors import (
    AutoReconnect,
    BulkWriteError,
    DocumentTooLarge,
    DuplicateKeyError,
    InvalidName,
    NetworkTimeout,
    OperationFailure,
    ServerSelectionTimeoutError,
    WaitQueueTimeoutError,
)

from fastapi_chassis.domain import (
    AlreadyExistsException,
    ConflictException,
    NotFoundException,
    TransientConflictException,
    UnavailableException,
    ValidationException,
)
from fastapi_chassis.plugins.odm import RefusedCommandError
from fastapi_chassis.plugins.odm.errors import TRANSIENT, UNKNOWN, has_label, told, violated


def labelled(label: str, code: int = 1) -> OperationFailure:
    return OperationFailure("failed", code, {"errorLabels": [label]})


@pytest.mark.parametrize(
    ("error", "family"),
    [
        (DuplicateKeyError("index: a", 11000), AlreadyExistsException),
        (BulkWriteError({"writeErrors": [{"code": 11000, "errmsg": "index: a"}]}), AlreadyExistsException),
        (OperationFailure("conflict", 112), TransientConflictException),
        (labelled(TRANSIENT), TransientConflictException),
        (labelled(UNKNOWN), UnavailableException),
        (OperationFailure("time", 50), UnavailableException),
        (OperationFailure("who are you", 18), UnavailableException),
        (OperationFailure("regex", 51091), ValidationException),
        (OperationFailure("large", 10334), ValidationException),
        (OperationFailure("what", 59), RefusedCommandError),
        (OperationFailure("what", 1), RefusedCommandError),
        (OperationFailure("the database system is starting up", 59), RefusedCommandError),
        (AutoReconnect("gone"), UnavailableException),
        (NetworkTimeout("slow"), UnavailableException),
        (WaitQueueTimeoutError("many"), UnavailableException),
        (ServerSelectionTimeoutError("away"), UnavailableException),
        (ConnectionResetError(), UnavailableException),
        (DocumentTooLarge("large"), ValidationException),
        (InvalidDocument("what"), ValidationException),
        (OverflowError(), ValidationException),
        (InvalidName("what"), RefusedCommandError),
    ],
)
def test_each_complaint_has_its_family(error, family):
    assert type(told(error)) is family


@pytest.mark.parametrize(
    ("said", "family"),
    [
        ("terminating connection due to unexpected postmaster exit", UnavailableException),
        ("terminating connection due to administrator command", UnavailableException),
        ("the database system is starting up", UnavailableException),
        ("the database system is not yet accepting connections", UnavailableException),
        ("the database system is shutting down", UnavailableException),
        ("unexpected EOF", UnavailableException),
        (
            "msg_find.go:55 (handler.(*Handler).msgFind): pool.go:90 (documentdb.(*Pool).Acquire): failed",
            UnavailableException,
        ),
        ("sorry, too many clients already", UnavailableException),
        (
            "remaining connection slots are reserved for roles with the SUPERUSER attribute",
            UnavailableException,
        ),
        ("failed to connect to `user=chassis database=postgres`", UnavailableException),
        ("conn closed", UnavailableException),
        ("read tcp 127.0.0.1:1->127.0.0.1:2: read: connection reset by peer", UnavailableException),
        ("dial tcp 127.0.0.1:2: connect: connection refused", UnavailableException),
        ("write failed: write tcp 127.0.0.1:1->127.0.0.1:2: write: broken pipe", UnavailableException),
        ("deadlock detected", TransientConflictException),
        ("tuple concurrently updated", TransientConflictException),
        ("could not serialize access due to concurrent update", TransientConflictException),
    ],
)
def test_what_ferretdb_hands_on_of_its_postgresql_is_no_refusal(said, family):
    assert type(told(OperationFailure(said, 1))) is family
    assert type(told(BulkWriteError({"writeErrors": [{"code": 1, "errmsg": said}]}))) is family


def test_what_is_told_already_stays_and_others_are_none_of_the_database():
    said = NotFoundException("gone")
    assert told(said) is said
    assert told(LookupError()) is None


def test_no_value_of_a_document_is_told():
    failed = told(DuplicateKeyError('E11000 duplicate key error index: a dup key: { code: "secret" }', 11000))
    assert "secret" not in str(failed)
    assert isinstance(told(OperationFailure("conflict", 112)), ConflictException)


@pytest.mark.parametrize(
    ("error", "index"),
    [
        (
            DuplicateKeyError("Duplicate key violation on the requested collection: Index 'by_code'", 11000),
            "by_code",
        ),
        (
            DuplicateKeyError(
                "E11000 duplicate key error collection: a.b index: _id_ dup key: { _id: 1 }", 11000
            ),
            "_id_",
        ),
        (BulkWriteError({"writeErrors": [{"code": 11000, "errmsg": "Index 'by_code'"}]}), "by_code"),
        (OperationFailure('duplicate key value violates unique constraint "collection_pk_25"', 1), "_id_"),
        (OperationFailure('duplicate key value violates unique constraint "other"', 1), ""),
        (DuplicateKeyError("what", 11000), ""),
        (OperationFailure("time", 50), None),
        (LookupError(), None),
    ],
)
def test_the_index_that_refused_is_known(error, index):
    assert violated(error) == index


def test_labels_are_those_of_the_driver():
    assert has_label(labelled(TRANSIENT), TRANSIENT)
    assert not has_label(labelled(TRANSIENT), UNKNOWN)
    assert not has_label(LookupError(), TRANSIENT)
