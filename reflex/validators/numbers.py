"""Check digits of payment cards, bank accounts and wallets."""

import hashlib

_LETTER_VALUES = {letter: str(value) for value, letter in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", start=10)}
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l"
_BECH32_GENERATORS = (0x3B6A57B2, 0x26508E6D, 0x1EA119FA, 0x3D4233DD, 0x2A1462B3)
_BECH32_CONSTANTS = (1, 0x2BC830A3)
_ADDRESS_BYTES = 25
_CARD_LENGTHS = range(12, 20)


def luhn(candidate: str) -> float:
    """Luhn's check sum over a payment card number (ISO/IEC 7812-1)."""
    digits = [int(character) for character in candidate if character.isdigit()]
    if len(digits) not in _CARD_LENGTHS or len(set(digits)) == 1:
        return 0
    doubled = (digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2])  # noqa: PLR2004 - two digits from 5 on
    return float((sum(digits[-1::-2]) + sum(doubled)) % 10 == 0)


def iban(candidate: str) -> float:
    """The mod-97 check of an IBAN (ISO 13616)."""
    account = "".join(character for character in candidate.upper() if character.isalnum())
    if not account.isascii():
        return 0
    turned = account[4:] + account[:4]
    return float(int("".join(_LETTER_VALUES.get(character, character) for character in turned)) % 97 == 1)


def bitcoin(candidate: str) -> float:
    """The check sum of a Bitcoin address: base58check, bech32 (BIP 173) or bech32m (BIP 350)."""
    return float(_bech32(candidate) if candidate.startswith("bc1") else _base58check(candidate))


def _base58check(address: str) -> bool:
    number = 0
    for character in address:
        number = number * 58 + _BASE58.index(character)
    if number.bit_length() > _ADDRESS_BYTES * 8:
        return False
    data = number.to_bytes(_ADDRESS_BYTES, "big")
    return hashlib.sha256(hashlib.sha256(data[:-4]).digest()).digest()[:4] == data[-4:]


def _bech32(address: str) -> bool:
    prefix = [3, 3, 0, 2, 3]  # "bc", as BIP 173 expands it
    check = 1
    for value in (*prefix, *map(_BECH32.index, address[3:])):
        top = check >> 25
        check = (check & 0x1FFFFFF) << 5 ^ value
        for bit, generator in enumerate(_BECH32_GENERATORS):
            check ^= generator if top >> bit & 1 else 0
    return check in _BECH32_CONSTANTS
