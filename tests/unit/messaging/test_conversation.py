import re

from hypothesis import given
from hypothesis import strategies as st

from fastapi_chassis.application import SYSTEM, MessageContext, Principal
from fastapi_chassis.messaging.conversation import CORRELATION, SPEC_VERSION, TENANT, context_of, headers_of
from tests.unit.messaging.shop import created

words = st.text(min_size=1)
free = st.dictionaries(words.filter(lambda name: name not in {CORRELATION, TENANT, SPEC_VERSION}), words)


@given(st.builds(MessageContext, correlation_id=words, tenant=st.none() | words, headers=free))
def test_a_conversation_goes_on_in_the_other_service(context: MessageContext) -> None:
    restored = context_of(created(headers={**headers_of(context), SPEC_VERSION: "1.0"}))
    assert restored.correlation_id == context.correlation_id
    assert restored.tenant == context.tenant
    assert restored.headers == context.headers
    assert restored.principal is SYSTEM


def test_who_asked_and_until_when_stays_at_home() -> None:
    context = MessageContext(principal=Principal("ann"), idempotency_key="k", deadline=1.0)
    assert headers_of(context) == {}


def test_nobody_passes_for_another_tenant_by_a_header() -> None:
    forged = MessageContext(tenant="acme", headers={TENANT: "other", CORRELATION: "x", SPEC_VERSION: "9"})
    assert headers_of(forged) == {TENANT: "acme"}


def test_a_message_without_a_conversation_begins_one() -> None:
    envelope = created(headers={})
    assert context_of(envelope).correlation_id == str(envelope.id)


def test_the_names_are_fit_for_attributes_of_a_cloudevent() -> None:
    for name in (CORRELATION, TENANT, SPEC_VERSION):
        assert re.fullmatch("[a-z0-9]{1,20}", name)
