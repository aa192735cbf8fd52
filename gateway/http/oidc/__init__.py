"""OpenID Connect: bearer tokens of an issuer for the API, and sign-on at it for people."""
