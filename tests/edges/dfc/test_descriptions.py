"""Check 16 and 17: what descriptions of other platforms' APIs have is here, with their parameters and answers."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest
import yaml

from coster.edges.dfc.operations import OPERATIONS
from coster.edges.http.paths import loosely
from tests.edges.conftest import Server
from tests.edges.dfc.shared import REFERENCE
from tests.edges.dfc.suite import graph_of
from tests.edges.dfc.supplier import jean

METHODS: Final = ("GET", "POST", "PUT", "DELETE")
E = "Enterprises/{enterprise_id}"
ABSENT: Final = {
    "affiliatedTo", "enterprise_groups", "affiliate_sales_data", "product_groups",
}  # fmt: skip
"""What others have and Coster has not at this address; docs/reference/dfc-api.md says why."""


def sample(name: str) -> dict[str, Any]:
    """A description of an API; where there is none on this machine these tests are not gathered (conftest.py says so)."""
    place = REFERENCE / "dfc-data" / "api" / name
    found: dict[str, Any] = yaml.safe_load(place.read_text("utf-8"))
    return found


def words_of(path: str) -> list[str]:
    """A path word by word, as it counts: names of parameters and spelling do not."""
    return ["{}" if word[:1] == "{" else loosely(word) for word in path.strip("/").split("/")]


OURS: Final = {(one.method, tuple(words_of(one.path))): one for one in OPERATIONS}


@pytest.mark.parametrize(
    "name", ["dfc-api-doc-dfc.yaml", "ofn-swagger-dfc.yaml", "ofn-swagger-dfc-pr14423.yaml"]
)
def test_check_16_and_17_routes_methods_and_parameters_of_others_are_ours(name: str) -> None:
    """Whatever the sample API and Open Food Network describe is an operation here, with its parameters, or among what is told to be absent
    or 405.
    """
    missing = set()
    for path, operations in sample(name)["paths"].items():
        for method, told in operations.items():
            if method.upper() not in METHODS:
                continue
            ours = OURS.get((method.upper(), tuple(words_of(path))))
            if ours is None:
                missing.add((method.upper(), path.removeprefix("/api/dfc/")))
                continue
            query = {one["name"] for one in told.get("parameters", ()) if one.get("in") == "query"}
            known = set(ours.query.__struct_fields__) if ours.query else set()
            assert query <= known, (method, path)
    absent = {one for one in missing if any(word in one[1] for word in ABSENT)}
    assert missing - absent <= {("DELETE", "Enterprises/{id}")}


def statuses_of(name: str) -> dict[tuple[str, tuple[str, ...]], set[str]]:
    """The answers that a description has, by method and path."""
    return {
        (method.upper(), tuple(words_of(path))): set(map(str, told["responses"]))
        for path, operations in sample(name)["paths"].items()
        for method, told in operations.items()
        if method.upper() in METHODS
    }


DIFFERENT: Final = {
    "PUT Orders/{}": "200 with the order, since clients parse the answer (dfc.md §0.13)",
    "PUT Orders/{}/orderlines/{}": "likewise",
    "POST Enterprises/{}/SuppliedProducts": "201 with Location where the sample says 200",
    "POST Orders": "201",
    "POST SaleSessions": "201",
    "POST orderlines": "201",
    "PUT Enterprises/{}": "204: it was there before",
}
"""Where our code of success is another than the sample's, and why."""


def test_check_16_codes_of_success_are_those_of_the_sample_or_differ_for_a_reason() -> None:
    """201 for what is made, 204 for catalogues that are changed, 200 with the order for orders."""
    differing = {}
    for (method, words), codes in statuses_of("dfc-api-doc-dfc.yaml").items():
        ours = OURS.get((method, words))
        if ours is not None and str(ours.status) not in codes:
            differing[f"{method} {ours.path.removeprefix('/api/dfc/')}"] = (
                ours.status,
                sorted(codes & {"200", "201", "204"}),
            )
    assert differing == {
        f"PUT {E}": (204, ["201"]),
        f"POST {E}/SuppliedProducts": (201, ["200"]),
        f"POST {E}/Orders": (201, ["200"]),
        f"PUT {E}/Orders/{{id}}": (200, ["204"]),
        f"POST {E}/Orders/{{id}}/orderLines": (201, ["200"]),
        f"PUT {E}/Orders/{{id}}/orderLines/{{line_id}}": (200, ["204"]),
        f"POST {E}/SaleSessions": (201, ["200"]),
    }
    assert len(DIFFERENT) == len(differing)


async def test_check_16_every_read_of_the_sample_is_answered(server: Server) -> None:
    """With our ids in its paths each GET is a document without faults, also with its paging, and 404 for what is not there."""
    shop = await jean(server, carrots="10")
    client = await shop.platform("read_enterprise", "read_products", "read_orders", "write_orders")
    order = (await client.post(shop.orders, content=shop.wish([("carrots", 1)]))).headers["location"]
    ids = {"order_id": order.rpartition("/")[2], "enterprise_id": shop.id}
    found = {}
    for path, operations in sample("dfc-api-doc-dfc.yaml")["paths"].items():
        if "get" not in operations:
            continue
        url = path
        for name, value in ids.items():
            url = url.replace(f"{{{name}}}", value)
        here = (
            shop.id
            if url.count("/") == 4
            else ids["order_id"]
            if "Orders/" in path and "lines" not in path
            else shop.items["carrots"]
        )
        url = url.replace("customerCategories/{id}", "customerCategories/everybody").replace("{id}", here)
        paged = (
            "?first=2"
            if any(one["name"] == "first" for one in operations["get"].get("parameters", ()))
            else ""
        )
        heard = await client.get(url + paged)
        found[path.removeprefix("/api/dfc/")] = heard.status_code
        if heard.status_code == 200:
            graph_of(heard.text)
            assert not paged or "hasNextPage" in json.loads(heard.headers["pageinfo"])
    nothing_there = {path for path, status in found.items() if status == 404}
    assert nothing_there == {
        "Addresses/{id}", "persons/{id}", "PhoneNumbers/{id}", f"{E}/SocialMedias/{{name}}",
    }  # fmt: skip
    assert {status for path, status in found.items() if path not in nothing_there} == {200}
