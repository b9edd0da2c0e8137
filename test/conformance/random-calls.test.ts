import { compareRandomCalls } from './compare-calls.js';

compareRandomCalls(Number(process.env['PLIMSOLL_SEED'] ?? 20_260), Number(process.env['PLIMSOLL_SEQUENCES'] ?? 100));
