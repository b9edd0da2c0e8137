/** Everything costs what the list says. */
export default (listCents) => listCents;
