"""Decides on candidates that a pattern found: check digits, ranges, entropy; named as in the tables."""

from collections.abc import Callable, Mapping

from reflex.validators import identity, network, numbers, phones, secrets

Validator = Callable[[str], float]
"""Takes the candidate, gives 0 to refuse it, else the share of the rule's confidence that is left."""

VALIDATORS: Mapping[str, Validator] = {
    "luhn": numbers.luhn,
    "iban": numbers.iban,
    "ssn": identity.ssn,
    "vin": identity.vin,
    "cpf": identity.cpf,
    "dni": identity.dni,
    "date": identity.date,
    "has_digit": identity.has_digit,
    "phone_international": phones.international,
    "phone_national": phones.national,
    "email": network.email,
    "ipv4": network.ipv4,
    "ipv6": network.ipv6,
    "mac": network.mac,
    "coordinates": network.coordinates,
    "bitcoin": numbers.bitcoin,
    "jwt": secrets.jwt,
    "random": secrets.random_looking,
    "password": secrets.password,
    "not_placeholder": secrets.not_placeholder,
}

COSTLY: Mapping[str, int] = {"phone_international": 32, "phone_national": 16}
"""Validators that take up to a millisecond, and how often one text may ask them."""
