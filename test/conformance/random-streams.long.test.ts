import { compareRandomStreams } from './compare-streams.js';

compareRandomStreams(Number(process.env['PLIMSOLL_SEED'] ?? Math.floor(Math.random() * 2 ** 31)), 60);
