"""A server of files that speaks TLS, with certificates of its own: made once, good for a hundred years, and of no
worth to anybody. An authority, and what it has signed for 127.0.0.1 and for a client."""

import ssl

AUTHORITY = """-----BEGIN CERTIFICATE-----
MIIBmjCCAT+gAwIBAgIUTeHdR1qpQ8o+BS3YxrdL5ShEQBwwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOb2Zma2l0IHRlc3QgQ0EwIBcNMjYxMTMwMTQyMTQ2WhgPMjEy
NjExMDYxNDIxNDZaMBkxFzAVBgNVBAMMDm9mZmtpdCB0ZXN0IENBMFkwEwYHKoZI
zj0CAQYIKoZIzj0DAQcDQgAE1FF4lV/RSEurOmC1To5M0uGmJSFr1Z7NuCLyb4uE
ZCkauM8eSxlyXXt0AlKZRKSc5nys6Q04ChQhrVUj61MR0aNjMGEwHQYDVR0OBBYE
FEktLUAXMaOj2PByr0VuD95rF0d9MB8GA1UdIwQYMBaAFEktLUAXMaOj2PByr0Vu
D95rF0d9MA8GA1UdEwEB/wQFMAMBAf8wDgYDVR0PAQH/BAQDAgEGMAoGCCqGSM49
BAMCA0kAMEYCIQDTha1p8aoaTN8hN54DRekEfj0Hzp+wzqpKxodzK+cDDQIhAMRf
RuS64WHgvia6ynymBWOgIIUMBh7wB5Np1iI2p3LL
-----END CERTIFICATE-----
"""

SERVER = """-----BEGIN CERTIFICATE-----
MIIBjDCCATKgAwIBAgIUQMd6BLIRocArj3uWNqmImVTGKeUwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOb2Zma2l0IHRlc3QgQ0EwIBcNMjYxMTMwMTQyMTQ2WhgPMjEy
NjExMDYxNDIxNDZaMBExDzANBgNVBAMMBnNlcnZlcjBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABNyRpwx14UsR7/7xARQWCSl6C0/b6nQKR5OFom4MOatwXp12+dy6
fcyf1dwNmS7BEhy29wrFUkEGTc41bYvnkVCjXjBcMA8GA1UdEQQIMAaHBH8AAAEw
CQYDVR0TBAIwADAfBgNVHSMEGDAWgBRJLS1AFzGjo9jwcq9Fbg/eaxdHfTAdBgNV
HQ4EFgQUp8/VHgUpTd7rQA6CkmMxswrlEIEwCgYIKoZIzj0EAwIDSAAwRQIhAKnX
HSaJpGxihTAOTRulywU65Ix/WK2zk6wWRO2Xn4+RAiAMVov2VrFH1bYY7TIxWCv2
BSiMOnl15/QmoekAIEJUig==
-----END CERTIFICATE-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIOzEmLoxtoOIzzOEPNY/s4AnnMGwUqqf2NXJMVog9A1yoAoGCCqGSM49
AwEHoUQDQgAE3JGnDHXhSxHv/vEBFBYJKXoLT9vqdApHk4Wibgw5q3BenXb53Lp9
zJ/V3A2ZLsESHLb3CsVSQQZNzjVti+eRUA==
-----END EC PRIVATE KEY-----
"""

CLIENT_CERTIFICATE = """-----BEGIN CERTIFICATE-----
MIIBjDCCATKgAwIBAgIUQMd6BLIRocArj3uWNqmImVTGKeYwCgYIKoZIzj0EAwIw
GTEXMBUGA1UEAwwOb2Zma2l0IHRlc3QgQ0EwIBcNMjYxMTMwMTQyMTQ2WhgPMjEy
NjExMDYxNDIxNDZaMBExDzANBgNVBAMMBmNsaWVudDBZMBMGByqGSM49AgEGCCqG
SM49AwEHA0IABEQsyE442kKKxtEecI6kpHOtRhi515MrBjHiorvEyAgxj0atI0PK
BPbxc+mykRNwJshi5KcLW5RnRMgsdfxhOiWjXjBcMA8GA1UdEQQIMAaHBH8AAAEw
CQYDVR0TBAIwADAfBgNVHSMEGDAWgBRJLS1AFzGjo9jwcq9Fbg/eaxdHfTAdBgNV
HQ4EFgQU/4eJ37Y+bB02YEwpkX/mk+wBN9kwCgYIKoZIzj0EAwIDSAAwRQIhALD9
zokjP8Ixb8TDdG+sA59sUtiBzPLvCWvnGGDwDiI1AiATdIRW918SCFmzN9bZno7L
U3yOF4PtFyisblUMBGp29w==
-----END CERTIFICATE-----
"""

CLIENT_KEY = """-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIOG8lUv2o/EKJ3O4+Ctn10QhlbsQ9zyvbFM/nmXDmd7YoAoGCCqGSM49
AwEHoUQDQgAERCzITjjaQorG0R5wjqSkc61GGLnXkysGMeKiu8TICDGPRq0jQ8oE
9vFz6bKRE3AmyGLkpwtblGdEyCx1/GE6JQ==
-----END EC PRIVATE KEY-----
"""


def speak(server, folder, client=False):
    """Let a server of socketserver speak TLS from now on; ``client``: to whom the authority has signed."""
    for name, text in (("authority.pem", AUTHORITY), ("server.pem", SERVER)):
        (folder / name).write_text(text)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(str(folder / "server.pem"))
    if client:
        context.load_verify_locations(str(folder / "authority.pem"))
        context.verify_mode = ssl.CERT_REQUIRED
    # The first read shakes hands, in a thread of its own: clients of one process wait for each other to do so.
    wrapped = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    server.socket = wrapped
