"""Signs deliveries the way Standard Webhooks does, so that receivers find libraries for it.

https://www.standardwebhooks.com: HMAC-SHA256 over ``id.timestamp.body``, in the header as ``v1,BASE64``.
"""

import base64
import hashlib
import hmac


def signed_headers(*, key: bytes, delivery_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers by which a receiver knows who sent a body, and when.

    Args:
        key: the tenant's secret.
        delivery_id: the same at every try.
        timestamp: seconds since 1970 of this try; receivers refuse old ones, so a recorded call is of no use.
        body: what is sent.
    """
    content = f"{delivery_id}.{timestamp}.".encode() + body
    digest = hmac.new(key, content, hashlib.sha256).digest()
    return {
        "webhook-id": delivery_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
