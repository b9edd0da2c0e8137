import { compareRandomStreams } from './compare-streams.js';

compareRandomStreams(Number(process.env['PLIMSOLL_SEED'] ?? 20_261), Number(process.env['PLIMSOLL_SEQUENCES'] ?? 8));
