"""What a browser is told about every answer: load nothing from elsewhere, guess no types, no frames of other sites."""

import base64
import hashlib
import re

_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)

PLAIN = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=()",
}

CONTENT = {
    "default-src": "'self'",
    "script-src": "'self'",  # and the inline script of Streamlit's own page, by its hash
    "style-src": "'self' 'unsafe-inline'",  # not shown; Streamlit writes its styles into the page
    "img-src": "'self' data: blob:",  # not shown
    "font-src": "'self' data:",  # not shown
    "connect-src": "'self'",  # the WebSocket, too
    "media-src": "'self' blob:",  # not shown
    "worker-src": "'self' blob:",  # not shown
    "frame-src": "'none'",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'self'",
}


def security_headers(page: str) -> dict[str, str]:
    """Headers of every answer; `page` is the HTML that the server sends first, whose inline scripts may run."""
    hashes = (base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _INLINE.findall(page))
    scripts = " ".join([CONTENT["script-src"], *(f"'sha256-{each}'" for each in hashes)])
    policy = "; ".join(f"{name} {value}" for name, value in (CONTENT | {"script-src": scripts}).items())
    return PLAIN | {"Content-Security-Policy": policy}
