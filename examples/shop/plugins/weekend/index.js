/** A tenth off, and a fifth off lamps. */
export default (listCents, sku) => Math.round(listCents * (sku === 'lamp' ? 0.8 : 0.9));
