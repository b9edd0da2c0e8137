import { it } from 'vitest';
import { expectEndurance } from './support/endurance.js';

it(
  '10,000 changes of toxics under 200 busy connections lose nothing and leave nothing behind',
  { timeout: 1_200_000 },
  async () => expectEndurance(10_000, 200),
);
