from collections.abc import Sequence

import bson
from hypothesis import given

from fastapi_chassis.messaging import Envelope
from fastapi_chassis.plugins.odm.codec import OPTIONS
from fastapi_chassis.plugins.odm.envelopes import envelope_of, fields_of_envelope
from fastapi_chassis.testing.contracts.envelopes import any_envelopes, envelope


@given(any_envelopes())
def test_a_message_comes_back_from_a_document(envelopes: Sequence[Envelope]) -> None:
    for one in envelopes:
        encoded = bson.encode(fields_of_envelope(one), codec_options=OPTIONS)
        assert envelope_of(bson.decode(encoded, codec_options=OPTIONS)) == one


def test_the_names_are_those_of_the_message() -> None:
    assert set(fields_of_envelope(envelope())) == set(Envelope.__slots__)
