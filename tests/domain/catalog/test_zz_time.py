"""Temporary."""
import time, uuid
from tests.domain.asking import *
from tests.domain.catalog.test_store import an_item, FARM
from coster.domain.catalog import handlers, store
from coster.domain.catalog.model import *
from coster.domain.parties import handlers as ph, store as ps
from coster.domain.parties.model import *
async def test_time(database):
    await make_org(database)
    await carry_out(database, ph.PUT_ENTERPRISE, PutEnterprise(enterprise_id=FARM, name="x", kinds=["producer"], currency="EUR"))
    ids=[number(1000+i) for i in range(500)]
    t=time.perf_counter()
    await carry_out(database, handlers.PUT_ITEM, *[an_item(i, sales_units=[SalesUnit(code="b",num=1)]) for i in ids])
    print("put 500", time.perf_counter()-t)
    for n in (1,50,500):
        async with database.read(ORG) as conn:
            for _ in range(5):
                t=time.perf_counter(); await store.load_items(conn, ORG, ids[:n]); d=time.perf_counter()-t
            t=time.perf_counter(); await ps.load_enterprises(conn, ORG, [FARM]); e=time.perf_counter()-t
        print(n, "load_items ms", d*1000, "ent", e*1000)
