"""TLS: the connection goes to the pinned address, the certificate is checked against the name."""

import datetime
import http.server
import ssl
import threading

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from connectors.registry import transports


def certificate(folder, name):
    """A self-signed certificate for a name, valid now."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = signed.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "cert.pem").write_bytes(pem)
    (folder / "both.pem").write_bytes(private + pem)
    return folder / "cert.pem", folder / "both.pem"


@pytest.fixture
def tls_target(target, tmp_path):
    """The HTTP target behind TLS, with a certificate for `localhost`."""
    authority, both = certificate(tmp_path, "localhost")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), target.RequestHandlerClass)
    server.daemon_threads = True
    server.requests, server.answer = target.requests, target.answer
    server.handle_error = lambda *_: None
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield server, str(authority)
    server.shutdown()
    server.server_close()


def send(url, outgoing, **settings):
    return (
        transports()["http"]
        .sink({"url": url, "allow_private": True, "timeout": 5, **settings})
        .send(outgoing)
    )


def test_the_right_name_is_delivered(tls_target, outgoing):
    server, authority = tls_target
    receipt = send(f"https://localhost:{server.server_port}/in", outgoing(), ca_file=authority)
    assert receipt.result == "delivered", receipt
    assert server.requests[0]["body"] == b'{"a":1}'


def test_another_name_is_not_connected(tls_target, outgoing):
    server, authority = tls_target
    receipt = send(f"https://127.0.0.1:{server.server_port}/in", outgoing(), ca_file=authority)
    assert (receipt.result, receipt.error_class) == ("retry", "transport")
    assert not server.requests


def test_an_unknown_authority_is_not_connected(tls_target, outgoing):
    server, _ = tls_target
    receipt = send(f"https://localhost:{server.server_port}/in", outgoing())
    assert (receipt.result, receipt.error_class) == ("retry", "transport")
    assert not server.requests
