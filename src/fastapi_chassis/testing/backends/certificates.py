"""Certificates for servers of tests: an authority of its own, which signs for localhost, made by openssl."""

from pathlib import Path

from fastapi_chassis.testing.backends.process import Command, run

OPENSSL_SECONDS = 30.0
DAYS = "2"


def make_certificates(folder: Path, *names: str) -> None:
    """Make `ca.pem`, and `<name>.pem` with `<name>.key` for each name, valid for localhost and 127.0.0.1."""
    key, authority = str(folder / "ca.key"), str(folder / "ca.pem")
    signs = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")  # Python refuses an authority without
    subject = ("-days", DAYS, "-subj", "/CN=authority")
    _openssl("req", "-x509", *_new_key(key), "-out", authority, *subject, *signs)
    extension = folder / "names.cnf"
    extension.write_text(
        "subjectAltName=DNS:localhost,IP:127.0.0.1\nauthorityKeyIdentifier=keyid\n", encoding="utf-8"
    )
    for name in names:
        request, signed = str(folder / f"{name}.csr"), str(folder / f"{name}.pem")
        _openssl("req", *_new_key(str(folder / f"{name}.key")), "-out", request, "-subj", f"/CN={name}")
        by = ("-CA", authority, "-CAkey", key, "-CAcreateserial", "-extfile", str(extension))
        _openssl("x509", "-req", "-in", request, *by, "-out", signed, "-days", DAYS)


def _new_key(path: str) -> tuple[str, ...]:
    return ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", path)


def _openssl(*words: str) -> None:
    run(Command(("openssl", *words)), timeout=OPENSSL_SECONDS, what="openssl")
