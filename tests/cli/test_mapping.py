"""Files of other shops: what a mapping may say, what is wrong with one, how cells are read, what is proposed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from coster.cli import mapping, planning
from coster.cli.mapping import From, Plan
from coster.cli.output import Exit, FailedError
from coster.cli.translating import Translator
from tests.cli.conftest import Done, Inside, Shop

SELLER = "5fc755c8-8d60-509c-8e0e-48892c35bd61"
HEADER = ["Order", "SKU", "Qty", "Line total", "When"]
Told = Callable[..., list[str]]


def nobody(_: str, __: str) -> str | None:
    """A catalogue without items."""
    return None


def told(plan: Plan, *cells: str, kind: str = "orders") -> list[str]:
    """What a row with these cells comes to."""
    return Translator(plan, kind, HEADER, lambda _, text: f"id of {text}").row(cells)


def test_cells_are_told_in_our_columns() -> None:
    """An item by its SKU, a price out of what the line cost, constants behind; the sign before decimals is theirs."""
    plan = Plan(
        columns={
            "reference": From("Order"),
            "item_sku": From("SKU"),
            "quantity": From("Qty"),
            "price": From("Line total", per="Qty"),
        },
        constants={"channel": "till"},
        decimal=",",
    )
    assert told(plan, "1", "TEA", "3", "1.000,00") == ["1", "id of TEA", "3", "333.333333", "till"]
    assert told(plan, "1", "TEA", "+2,50", "10") == ["1", "id of TEA", "2.50", "4", "till"]
    assert Translator(plan, "orders", HEADER, nobody).header == [
        "reference", "item_id", "quantity", "price", "channel",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("date", "text", "instant"),
    [
        ("", "2026-11-21", "2026-11-21T00:00:00+01:00"),
        ("", "2026-11-21T08:30:00Z", "2026-11-21T08:30:00+00:00"),
        ("%d.%m.%Y %H:%M", "21.06.2026 08:30", "2026-06-21T08:30:00+02:00"),
        ("%m/%d/%y", "11/21/26", "2026-11-21T00:00:00+01:00"),
    ],
)
def test_dates_are_read_as_they_are_written(date: str, text: str, instant: str) -> None:
    """A date without a zone is meant where the shop is, summer time and all."""
    plan = Plan(columns={"as_of": From("When")}, date=date, time_zone="Europe/Paris")
    assert told(plan, "", "", "", "", text, kind="positions") == [instant]


def test_postal_code_gets_its_zeros_back() -> None:
    """A spreadsheet takes them for a number; what is not there stays so."""
    plan = Plan(columns={"address.postal_code": From("Order", pad=5)})
    assert [told(plan, code, kind="parties") for code in ("1841", "42420", "")] == [
        ["01841"],
        ["42420"],
        [""],
    ]


def test_every_fault_of_a_row_is_told() -> None:
    """Each with the name that the column has in the file."""
    plan = Plan(
        columns={"item_sku": From("SKU"), "quantity": From("Qty"), "price": From("Line total", per="Qty")},
        date="%d.%m.%Y",
    )
    row = Translator(plan, "orders", HEADER, nobody).row
    with pytest.raises(
        ValueError, match=r"^SKU: no item has the SKU 'X'; Qty: '1e3' is no number; Line total: "
    ):
        row(["1", "X", "1e3", "5"])
    with pytest.raises(ValueError, match="Line total: '5' cannot be divided by '0'"):
        row(["1", "", "0", "5"])
    with pytest.raises(ValueError, match="the row has 6 cells, the header 5"):
        row(["", "", "", "", "", ""])
    with pytest.raises(ValueError, match=r"'2026-11-21' is no date as %d.%m.%Y has it"):
        told(
            Plan(columns={"as_of": From("When")}, date="%d.%m.%Y"), *[""] * 4, "2026-11-21", kind="positions"
        )


def test_every_fault_of_a_mapping_is_named() -> None:
    """Columns of neither side, what is missing, twice or impossible: all at once, with what may have been meant."""
    plan = Plan(
        columns={
            "referense": From("Order"), "item_sku": From("Sku"), "item_name": From("SKU"),
            "channel": From("Order", per="Qty"),
        },
        constants={"seller_id": "mine", "channel": "x"},
        decimal="'", date="dd.mm.yyyy", time_zone="Paris", once=("sku",),
    )  # fmt: skip
    assert mapping.faults_of(plan, "orders", HEADER) == [
        "referense: is no column of ours; is it reference?",
        "once: sku is no column that the mapping fills; there are: referense, item_sku, item_name, channel",
        "item_sku: the file has no column 'Sku'; is it SKU?",
        "channel: is no number, so it cannot be divided by 'Qty'",
        "channel: is given twice, as a column and as a constant",
        "item_name and item_sku: name the item once",
        "quantity: is needed; map a column to it, or give it as a constant",
        "reference: is needed; map a column to it, or give it as a constant",
        "seller_id: the constant 'mine' does not fit: Invalid UUID",
        "decimal: ''' is no decimal sign; there are . and ,",
        "date: 'dd.mm.yyyy' is no format; write it as %d.%m.%Y",
        "time_zone: 'Paris' is not known; write it as Europe/Paris",
    ]


def test_file_of_a_mapping_is_read_whole(tmp_path: Path) -> None:
    """Constants as a cell has them, whatever YAML makes of them; JSON is YAML too."""
    path = tmp_path / "map.yaml"
    path.write_text(
        "columns: {quantity: Qty, price: {column: Line total, per: Qty}}\n"
        "constants: {completed: yes, priority: 3, seller_id:}\ndecimal: ','\nonce: reference\n"
    )
    assert mapping.read(path) == Plan(
        columns={"quantity": From("Qty"), "price": From("Line total", per="Qty")},
        constants={"completed": "true", "priority": "3"}, decimal=",", once=("reference",),
    )  # fmt: skip
    path.write_text(
        '{"colums": {}, "columns": {"price": {"colum": "x", "pad": -1}}, "constants": [], "decimal": 1}'
    )
    with pytest.raises(FailedError) as refused:
        mapping.read(path)
    assert str(refused.value).splitlines()[1:] == [
        "  - colums: is not known here; is it columns?",
        "  - columns.price.colum: is not known here; is it column?",
        "  - columns.price: says no `column`",
        "  - columns.price.pad: must be a number of signs up to 100",
        "  - decimal: must be a text",
    ]


def test_options_come_before_the_file(tmp_path: Path) -> None:
    """A column in place of a constant and the other way round; a name may hold the sign that parts the pair."""
    path = tmp_path / "map.json"
    path.write_text(
        '{"columns": {"quantity": "Qty", "unit": "U"}, "constants": {"channel": "a", "priority": 1}}'
    )
    plan = planning.plan_of(
        planning.Options(map=path, column=("a=b=channel", "Q=quantity"), constant=("unit=x=y",), date="%d")
    )
    assert plan == Plan(
        columns={"quantity": From("Q"), "channel": From("a=b")}, constants={"priority": "1", "unit": "x=y"}, date="%d"
    )  # fmt: skip
    assert planning.plan_of(planning.Options()) is None
    with pytest.raises(FailedError, match=r"2 faults.*\n.*--column Qty: must be THEIRS=OURS\n.*--constant"):
        planning.plan_of(planning.Options(column=("Qty",), constant=("x",)))


def test_proposal_can_be_used_as_it_is() -> None:
    """It finds what the names tell, shares a line's amount out, and leaves open what the file does not say."""
    text = planning.propose(
        "orders", ["Order ID", "Customer ID", "Product SKU", "Product Name", "Qty", "Sales"]
    )
    found = yaml.safe_load(text)
    assert found["columns"] == {
        "reference": "Order ID", "quantity": "Qty", "item_sku": "Product SKU",
        "price": {"column": "Sales", "per": "Qty"},
    }  # fmt: skip
    assert found["constants"] == {"channel": None, "seller_id": None}
    assert "# Not used: Customer ID, Product Name" in text
    items = yaml.safe_load(planning.propose("items", ["SKU", "Title", "Variant Price"]))
    assert items["columns"] == {"sku": "SKU", "name": "Title", "price": "Variant Price"}
    assert items["once"] == ["sku"]


def sent(inside: Inside, shop: Shop, *words: object) -> Done:
    """`coster import <words>`."""
    return inside("import", *map(str, words), env=shop.env)


def test_mapping_that_does_not_fit_sends_nothing(shop: Shop, inside: Inside, tmp_path: Path) -> None:
    """Code 2 and every fault, before the first row; a mapping is for a CSV."""
    file, lines = tmp_path / "export.csv", tmp_path / "export.ndjson"
    file.write_text("Order;SKU;Qty\n1;SPUD;2\n")
    lines.write_text("{}\n")
    done = sent(inside, shop, "orders", file, "--column", "No=reference", "--column", "Qty=quantity")
    assert (done.code, done.out) == (Exit.USAGE, "")
    assert "has 4 faults; nothing was sent:" in done.err
    assert "reference: the file has no column 'No'; there are: Order, SKU, Qty" in done.err
    other = sent(inside, shop, "orders", lines, "--column", "Qty=quantity")
    assert (other.code, other.err) == (Exit.USAGE, "coster: a mapping is for a CSV; this file is NDJSON\n")


def test_rows_are_tried_and_then_sent(shop: Shop, inside: Inside, tmp_path: Path) -> None:
    """Options alone suffice; a dry run judges each order and leaves nothing; an item may be named."""
    file = tmp_path / "export.csv"
    file.write_text('Nr;Was;"Wie viel"\nm1;Potato;"1,5"\nm1;Potato;2\nm2;Tomato;1\n')
    words = [
        "orders",
        file,
        "--column",
        "Nr=reference",
        "--column",
        "Was=item_name",
        "--column",
        "Wie viel=quantity",
    ]
    words += ["--constant", f"seller_id={shop.scene.hub}", "--constant", f"session_id={shop.scene.session}"]
    words += ["--constant", "channel=mapped", "--decimal", ","]
    tried = sent(inside, shop, *words, "--dry-run")
    assert tried.code == Exit.ROWS_FAILED
    assert tried.out == "orders: 3 rows, 1 accepted, 1 refused. A dry run: nothing was changed.\n"
    assert tried.err == "coster: line 4: row_not_mapped: Was: no item has the name 'Tomato'\n"
    assert sent(inside, shop, *words).out.startswith("orders: 3 rows, 1 accepted, 1 refused.")
    assert sent(inside, shop, *words).out.startswith("orders: 3 rows, 1 accepted (1 had been before")


def test_proposal_is_printed(inside: Inside, tmp_path: Path) -> None:
    """`coster import map` needs a file and nothing else."""
    file = tmp_path / "stock.csv"
    file.write_text("SKU\tOn hand\nA\t1\n")
    done = inside("import", "map", str(file), "--kind", "positions", env={})
    assert done.code == Exit.DONE
    assert yaml.safe_load(done.out)["columns"] == {"quantity": "On hand", "item_sku": "SKU"}
