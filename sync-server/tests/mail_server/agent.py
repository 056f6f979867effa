"""A mail server for the tests: aiosmtpd, as Debian packages it, with STARTTLS and a login.

The first line of standard input says what it is, in JSON: `identity`, a file with its certificate and key (none: it offers no
TLS), `user`, `password`, and `script`, what it answers to one letter after the other: `{"at": "RCPT", "say": "451 later"}`;
at "DATA" and "LETTER" it hangs up after that, and at "LETTER" it keeps the letter first. Where nothing is left it takes letters.

On standard output it tells its port, and then of each visit when that is over: what came in the clear, whether logins were right,
and the letters, as Python's own email package reads them. It ends when standard input does.
"""

import asyncio
import email
import email.policy
import hashlib
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult


def tell(what):
    print(json.dumps(what), flush=True)


def read(content):
    """A letter as this reader understands it, and whatever it finds wrong with how it is written."""
    letter = email.message_from_bytes(content, policy=email.policy.default)
    faults = [str(fault) for part in letter.walk() for fault in part.defects]
    faults += [f"{name}: {fault}" for name, value in letter.items() for fault in value.defects]
    bodies = {kind: letter.get_body((kind,)) for kind in ("plain", "html")}
    return {
        "bytes": hashlib.sha256(content).hexdigest(),
        "headers": {name.lower(): str(value) for name, value in letter.items()},
        "bodies": {kind: body.get_content() for kind, body in bodies.items() if body is not None},
        "files": [part.get_filename() for part in letter.iter_attachments()],
        "faults": faults,
    }


class Clerk:
    """Takes letters, or does as it was told."""

    def __init__(self, script):
        self.script = script
        self.now = {}

    def at(self, step):
        return self.now.get("at") == step

    async def handle_MAIL(self, line, session, envelope, address, options):
        self.now = self.script.pop(0) if self.script else {}
        envelope.mail_from = address
        return "250 yes"

    async def handle_RCPT(self, line, session, envelope, address, options):
        if self.at("RCPT"):
            return self.now["say"]
        envelope.rcpt_tos.append(address)
        return "250 yes"

    async def handle_DATA(self, line, session, envelope):
        letter = read(envelope.content)
        letter["to"] = envelope.rcpt_tos
        line.visit["letters"].append(letter)
        if self.at("LETTER"):
            line.transport.abort()
        return self.now.get("say", "250 kept")


class Line(SMTP):
    """One visit."""

    def __init__(self, *args, **settings):
        self.visit = {"clear": "", "logins": [], "letters": []}
        super().__init__(*args, **settings)

    def data_received(self, data):
        # From STARTTLS on this gets what came out of TLS.
        if self._tls_protocol is None:
            self.visit["clear"] += data.decode("latin-1")
        super().data_received(data)

    async def smtp_DATA(self, arg):
        if self.event_handler.at("DATA"):
            await self.push(self.event_handler.now["say"])
            self.transport.close()
        else:
            await super().smtp_DATA(arg)

    async def _handle_client(self):
        try:
            await super()._handle_client()
        finally:
            tell(self.visit)


async def serve():
    told = json.loads(sys.stdin.readline())
    clerk = Clerk(told["script"])
    context = None
    if told["identity"]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(told["identity"])

    def check(line, session, envelope, mechanism, login):
        right = (login.login.decode(), login.password.decode()) == (told["user"], told["password"])
        line.visit["logins"].append(right)
        return AuthResult(success=right, handled=False)

    def answer():
        return Line(
            clerk,
            hostname="mail.example",
            tls_context=context,
            require_starttls=context is not None,
            auth_required=True,
            authenticator=check,
        )

    loop = asyncio.get_running_loop()
    server = await loop.create_server(answer, "127.0.0.1", 0)
    tell({"port": server.sockets[0].getsockname()[1]})
    await loop.run_in_executor(None, sys.stdin.read)


asyncio.run(serve())
