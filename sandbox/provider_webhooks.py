"""Webhooks of Ibanity and Plaid, signed as JWT. Only this part needs more than the standard library: PyJWT."""

import base64
import hashlib
import json
import threading
import time

from sandbox.ibanity import stable_uuid
from sandbox.outgoing import post
from sandbox.router import ProblemError, json_response, refusal

AUDIENCE = "sandbox-application"


class ProviderWebhooks:
    """Sends a webhook when told to, and publishes the keys."""

    def __init__(self, world):
        self._world = world
        self._keys = {}
        self._generation = 1
        self._statuses = []

    def add_routes(self, router):
        """Offer ``POST /control/provider-webhooks`` and Ibanity's list of keys."""
        router.add("POST", "/control/provider-webhooks", self._send)
        router.add("GET", "/control/provider-webhooks", self._tell)
        router.add("GET", "/webhooks/keys", self._list_keys)

    def rotate(self):
        """Sign with new keys from now on; the old ones are withdrawn."""
        self._keys.clear()
        self._generation += 1

    def plaid_key(self, name):
        """Return the public key of this name as a JWK, or None."""
        known, _private, public = self._key("plaid")
        return {**public, "expired_at": None} if name == known else None

    def _list_keys(self, request):
        return json_response(200, {"keys": [self._key("ponto")[2]]})

    def _key(self, provider):
        """Return name, private key and public JWK of a provider's signing key."""
        if provider not in self._keys:
            import jwt
            from cryptography.hazmat.primitives.asymmetric import ec, rsa

            if provider == "plaid":
                private = ec.generate_private_key(ec.SECP256R1())
                text = jwt.algorithms.ECAlgorithm.to_jwk(private.public_key())
                algorithm = "ES256"
            else:
                private = rsa.generate_private_key(65537, 2048)
                text = jwt.algorithms.RSAAlgorithm.to_jwk(private.public_key())
                algorithm = "RS512"
            name = f"{provider}-{self._generation}"
            public = {**json.loads(text), "kid": name, "use": "sig", "alg": algorithm}
            self._keys[provider] = name, private, public
        return self._keys[provider]

    def _send(self, request):
        """Send one webhook now, ``count`` times, from a thread of its own: the receiver asks back for the key."""
        body = request.json()
        provider, url = body.get("provider"), str(body.get("url"))
        account = self._world.account(body.get("account"))
        if provider not in ("plaid", "ponto") or not url.startswith("http"):
            raise ProblemError(refusal(400, "Name provider (plaid, ponto) and url."))
        make = self._plaid if provider == "plaid" else self._ponto
        messages = [make(body, account) for _number in range(int(body.get("count", 1)))]
        self._statuses = statuses = []
        threading.Thread(
            target=lambda: statuses.extend(post(url, *message) for message in messages),
            name="provider webhooks",
            daemon=True,
        ).start()
        return json_response(202, {"messages": len(messages)})

    def _tell(self, request):
        return json_response(200, {"statuses": self._statuses})

    def _plaid(self, body, account):
        import jwt

        name, private, _public = self._key("plaid")
        content = json.dumps(
            {
                "webhook_type": "TRANSACTIONS",
                "webhook_code": "SYNC_UPDATES_AVAILABLE",
                "item_id": body.get("item_id", ""),
                "initial_update_complete": True,
                "historical_update_complete": True,
                "environment": "sandbox",
            }
        ).encode()
        claims = {
            "iat": int(time.time()) - int(body.get("age", 0)),
            "request_body_sha256": hashlib.sha256(content).hexdigest(),
        }
        token = jwt.encode(claims, private, "ES256", headers={"kid": name})
        return content, {"Plaid-Verification": token}

    def _ponto(self, body, account):
        import jwt

        name, private, _public = self._key("ponto")
        relations = {}
        if account:
            identifier = stable_uuid("ponto", account.code)
            relations = {"account": {"data": {"id": identifier, "type": "account"}}}
        content = json.dumps(
            {
                "data": {
                    "id": stable_uuid("event", self._world.serial("event")),
                    "type": body.get("type", "pontoConnect.account.transactionsCreated"),
                    "attributes": {"count": 1},
                    "relationships": relations,
                }
            }
        ).encode()
        now = int(time.time()) - int(body.get("age", 0))
        claims = {
            "iss": body.get("issuer", ""),
            "aud": AUDIENCE,
            "iat": now,
            "exp": now + 60,
            "digest": base64.b64encode(hashlib.sha512(content).digest()).decode(),
        }
        token = jwt.encode(claims, private, "RS512", headers={"kid": name})
        return content, {"Signature": token}
