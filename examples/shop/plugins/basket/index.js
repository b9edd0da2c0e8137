/** Written for the next host: from 3.0.0 on a rule sees the whole basket, and answers with an amount of money. */
export default ({ basket, item }) => ({ cents: item.listCents - basket.items.length, currency: 'EUR' });
