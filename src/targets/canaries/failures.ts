/** The answer came, but it is not one of this protocol. */
export class BadAnswer extends Error {}
/** The peer ended the connection before the answer was there. */
export class Closed extends Error {}
