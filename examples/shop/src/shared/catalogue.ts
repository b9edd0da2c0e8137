/** What the shop sells. Prices are payment's business, names are order's. */
export const CATALOGUE: readonly { id: number; sku: string; name: string; priceCents: number }[] = [
  ['mug', 'Mug', 1_250],
  ['lamp', 'Desk lamp', 4_900],
  ['chair', 'Chair', 12_900],
  ['table', 'Table', 29_900],
  ['shelf', 'Shelf', 8_900],
  ['rug', 'Rug', 15_900],
  ['clock', 'Clock', 3_900],
  ['vase', 'Vase', 2_400],
  ['mirror', 'Mirror', 6_900],
  ['cushion', 'Cushion', 1_900],
  ['blanket', 'Blanket', 3_400],
  ['kettle', 'Kettle', 4_400],
].map(([sku, name, priceCents], index) => ({
  id: index + 1,
  sku: String(sku),
  name: String(name),
  priceCents: Number(priceCents),
}));

const bySku = new Map(CATALOGUE.map((item) => [item.sku, item]));

export function itemOf(sku: string): (typeof CATALOGUE)[number] | undefined {
  return bySku.get(sku);
}
