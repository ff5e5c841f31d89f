import ssl

import pytest

from fastapi_chassis.testing.backends.certificates import make_certificates
from fastapi_chassis.testing.backends.errors import BackendFailedError


def test_what_the_authority_signed_is_trusted_by_name(tmp_path):
    make_certificates(tmp_path, "server", "client")
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    for host, is_trusted in (("localhost", True), ("127.0.0.1", True), ("example.com", False)):
        assert (
            shakes_hands(serving, ssl.create_default_context(cafile=tmp_path / "ca.pem"), host) is is_trusted
        )
    assert not shakes_hands(serving, ssl.create_default_context(), "localhost")


def shakes_hands(serving, calling, host):
    """Lets both sides talk through memory."""
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    caller = calling.wrap_bio(back, there, server_hostname=host)
    server = serving.wrap_bio(there, back, server_side=True)
    for _ in range(4):
        for side in (caller, server):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                pass
            except ssl.SSLCertVerificationError:
                return False
    return caller.version() is not None


def test_a_folder_that_is_not_there_is_told(tmp_path):
    with pytest.raises(BackendFailedError, match="openssl"):
        make_certificates(tmp_path / "none")
