// Reads a document with the connector of the Data Food Consortium, as a platform would, and prints what it found as JSON.
//
// Standard input: {document, vocabulary, measures, change, create}. `document` is a text; the two thesauri are what the connector looks
// statuses and units up in; `change`, where it is given, is done to the first order ({quantity, or quantities of its lines in order;
// add: {quantity, offer}; status}) before all is exported again; `create` is the address of an enterprise to which a new order is written, with no document read: of `lines` ([{id, quantity}]
// of its goods) in a session that `begins` and `ends`, where these are given.
// `goods` asks for all that is offered; `describe` ({of, name, price}) sends one node back otherwise.
// There is no network: every attempt to fetch is refused and reported.
import fs from "node:fs";
import { Connector } from "@datafoodconsortium/connector";

const asked = JSON.parse(fs.readFileSync(0, "utf8"));
const fetched = [];
globalThis.fetch = async (url) => {
  fetched.push(String(url));
  throw new Error(`no network: ${url}`);
};

const connector = new Connector();
await connector.loadMeasures(JSON.stringify(asked.measures));
await connector.loadVocabulary(JSON.stringify(asked.vocabulary));
const objects = asked.create ? [] : await connector.import(asked.document);
const of = (type) => objects.filter((object) => object.isSemanticTypeOf(`dfc-b:${type}`));

const id = (object) => object?.getSemanticId();
const agent = (one) => ({ id: id(one), name: one.getName() });

async function money(price) {
  return { value: price.getQuantityValue(), vat: price.getVatRate(), unit: id(await price.getQuantityUnit()) };
}

async function line(one) {
  const offer = await one.getOffer();
  const product = await offer.getOfferedItem();
  return {
    id: id(one),
    order: id(await one.getOrder()),
    quantity: one.getQuantity(),
    price: await money(one.getPrice()),
    offer: { id: id(offer), stock: offer.getStockLimitation(), price: await money(offer.getPrice()) },
    product: { id: id(product), name: product.getName(), unit: id(await product.getQuantity().getQuantityUnit()) },
  };
}

async function order(one) {
  const states = connector.VOCABULARY.STATES;
  const session = await one.getSaleSession();
  return {
    id: id(one),
    number: one.getNumber(),
    date: one.getDate(),
    held: (await one.getOrderStatus()) === states.ORDERSTATE.HELD,
    fulfilment: id(await one.getFulfilmentStatus()),
    unpaid: (await one.getPaymentStatus()) === states.PAYMENTSTATE.UNPAID,
    session: { id: id(session), begins: session.getBeginDate(), ends: session.getEndDate() },
    buyer: agent(await one.getClient()),
    seller: agent(await one.getSoldBy()),
    lines: await Promise.all((await one.getLines()).map(line)),
  };
}

async function change(one, wanted) {
  const lines = await one.getLines();
  const quantities = wanted.quantities ?? [wanted.quantity];
  quantities.forEach((quantity, place) => lines[place].setQuantity(quantity));
  const added = [];
  if (wanted.add) {
    const product = connector.createSuppliedProduct({ semanticId: `${wanted.add.offer}/product` });
    const offer = connector.createOffer({ semanticId: wanted.add.offer, offeredItem: product });
    const more = connector.createOrderLine({ semanticId: `${id(one)}/OrderLines/#`, quantity: wanted.add.quantity, offer, order: one });
    one.addLine(more);
    added.push(more, offer, product);
  }
  if (wanted.status) one.setOrderStatus(connector.VOCABULARY.STATES.ORDERSTATE[wanted.status]);
  return connector.export([...objects, ...added]);
}

// A hub's new order as platforms build it: ids that keep a place, two lines, a session, a price in pounds.
async function create(home) {
  const states = connector.VOCABULARY.STATES;
  const session = connector.createSaleSession({
    semanticId: `${home}/SalesSession/#`,
    beginDate: asked.begins ?? "2026-07-20T06:00:00+02:00",
    endDate: asked.ends ?? "2026-07-24T18:00:00+02:00",
  });
  const made = [session];
  const wanted = asked.lines ?? [{ id: 1001, quantity: 5 }, { id: 1002, quantity: 0.25 }];
  const lines = wanted.map(({ id: number, quantity }, place) => {
    const product = connector.createSuppliedProduct({ semanticId: `${home}/SuppliedProducts/${number}`, name: `Product ${number}` });
    const offer = connector.createOffer({ semanticId: `${home}/Offers/${number}`, offeredItem: product });
    const price = connector.createPrice({ value: 2.4, vatRate: 5.5, unit: connector.MEASURES.UNIT.CURRENCYUNIT[asked.currency ?? "POUNDSTERLING"] });
    const line = connector.createOrderLine({ semanticId: `${home}/Orders/#/OrderLines/${place + 1}`, quantity, offer, price });
    made.push(product, offer, line);
    return line;
  });
  const order = connector.createOrder({
    semanticId: `${home}/Orders/#`, saleSession: session, orderStatus: states.ORDERSTATE.HELD, fulfilmentStatus: states.FULFILMENTSTATE.HELD,
  });
  lines.forEach((line) => order.addLine(line));
  return connector.export([order, ...made]);
}

// What is offered, by every getter that leads to another node, and who offers it.
async function goods() {
  const offers = await Promise.all(of("Offer").map(async (one) => ({
    id: id(one), stock: one.getStockLimitation(), price: await money(one.getPrice()), product: id(await one.getOfferedItem()),
  })));
  const products = of("SuppliedProduct").map((one) => ({
    id: id(one), name: one.getName(), description: one.getDescription(), lifetime: one.getLifetime(), images: one.getImages(),
  }));
  const items = await Promise.all(of("CatalogItem").map(async (one) => ({
    id: id(one), sku: one.getSku(), stock: one.getStockLimitation(), product: id(await one.getOfferedProduct()),
  })));
  const enterprises = await Promise.all(of("Enterprise").map(async (one) => ({
    id: id(one), name: one.getName(), places: (await one.getLocalizations()).map(id),
  })));
  return { offers, products, items, enterprises };
}

// The first node of that id, renamed or with another price, as a platform sends it back: alone, with what is inside it.
async function described({ of: wanted, name, price }) {
  const one = objects.find((object) => id(object) === wanted);
  if (name) one.setName(name);
  if (price) {
    const unit = await one.getPrice().getQuantityUnit();
    one.setPrice(connector.createPrice({ value: price, vatRate: one.getPrice().getVatRate(), unit }));
  }
  return connector.export([one]);
}

const orders = of("Order");
const told = {
  nodes: objects.map((object) => ({ id: id(object), type: object.getSemanticType() })),
  orders: asked.change ? [] : await Promise.all(orders.map(order)),
  goods: asked.goods ? await goods() : null,
  exported: asked.describe ? await described(asked.describe) : asked.create ? await create(asked.create) : asked.change ? await change(orders[0], asked.change) : null,
  fetched,
};
process.stdout.write(JSON.stringify(told));
