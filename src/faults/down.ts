import { z } from 'zod';
import { defineFault } from './fault.js';
import { prepareDown } from './shared/link-down.js';
import { link } from './shared/link-settings.js';

const settings = z.strictObject({ link });

export default defineFault({
  type: 'down',
  title: 'Refused connections',
  family: 'link',
  description:
    'The link refuses new connections and ends the open ones, as when a service is not running or its port is closed. ' +
    'It is the kindest kind of failure, since callers learn of it at once: it shows what they answer without this dependency.',
  settings,
  duration: 'lasting',
  example: '- { type: down, link: order-payment }',
  refersTo: (given) => ({ links: [given.link], services: [] }),
  prepare: async (given, context) => prepareDown(context, given.link, 0),
});
