import { compareRandomCalls } from './compare-calls.js';

const seed = Number(process.env['PLIMSOLL_SEED'] ?? Math.floor(Math.random() * 2 ** 31));

compareRandomCalls(seed, 3000);
