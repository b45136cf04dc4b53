"""What a transfer of hours comes to: hours are revalued to the wallet, and the wallet buys a lot."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import floor

from services.billing.rules.lots import GIFT
from services.billing.rules.quotes import HUNDREDTHS, hours_value
from shared.errors import InvalidInput, Refused

KEPT_VALUE = "kept_value"
LIST_PRICE = "list_price"


@dataclass(frozen=True, slots=True)
class Deal:
    """The figures of a transfer in fen and hundredths; value + from_wallet + short = target + to_wallet.

    `short_fen` is what value and wallet together lack; nobody makes such a transfer.
    """

    hundredths: int
    value_fen: int
    unit_price_fen: int
    target_hundredths: int
    target_fen: int
    from_wallet_fen: int = 0
    to_wallet_fen: int = 0
    short_fen: int = 0


def keep_value(*, hundredths: int, value_fen: int) -> Deal:
    """Return the deal where hours go as they are: as many of them, worth what the books held."""
    return Deal(hundredths, value_fen, 0, hundredths, value_fen)


def at_list_price(
    *, hundredths: int, value_fen: int, kind: str, unit_price_fen: int, wanted_hundredths: int, wallet_fen: int
) -> Deal:
    """Return the deal where the value buys hours at a list price, with the wallet's help where more are wanted.

    Without wanted hours it buys as many whole hundredths as it pays for. Refuses gift hours, which are no money, as
    TRANSFER_GIFT_KEEPS_KIND, and a value that buys nothing as TRANSFER_BUYS_NOTHING.
    """
    if kind == GIFT:
        raise Refused("TRANSFER_GIFT_KEEPS_KIND", "given hours move as given hours and buy nothing")
    wanted = wanted_hundredths or _affordable(value_fen, unit_price_fen)
    if not wanted:
        raise Refused(
            "TRANSFER_BUYS_NOTHING",
            f"{value_fen} fen buy nothing at {unit_price_fen} fen an hour",
            value_fen=value_fen,
            unit_price_fen=unit_price_fen,
        )
    price = hours_value(wanted, unit_price_fen)
    missing = max(0, price - value_fen)
    helped = min(missing, wallet_fen)
    return Deal(
        hundredths,
        value_fen,
        unit_price_fen,
        wanted,
        price,
        from_wallet_fen=helped,
        to_wallet_fen=max(0, value_fen - price),
        short_fen=missing - helped,
    )


def check_hours(wanted: int, remaining: int) -> int:
    """Return how many hundredths go, all of them where none are named; refuses more than are left."""
    if wanted > remaining:
        raise Refused(
            "TRANSFER_ABOVE_HOURS",
            f"{wanted} hundredths of an hour are to go, {remaining} are left",
            wanted_hours=f"{wanted / HUNDREDTHS:g}",
            left_hours=f"{remaining / HUNDREDTHS:g}",
        )
    return wanted or remaining


def check_wanted(pricing: str, target_hundredths: int) -> None:
    """Raise InvalidInput where hours are named although the value, and so their number, is kept."""
    if pricing == KEPT_VALUE and target_hundredths:
        raise InvalidInput("target_hundredths", "where the value is kept so is the number of hours")


def _affordable(value_fen: int, unit_price_fen: int) -> int:
    """Return the most hundredths of an hour whose rounded price is at most the value."""
    if not unit_price_fen:
        return 0
    # A price is rounded half up: it stays at the value while the exact one is less than half a fen above.
    found = floor(Fraction((2 * value_fen + 1) * HUNDREDTHS, 2 * unit_price_fen))
    return found if hours_value(found, unit_price_fen) <= value_fen else found - 1
