import { it } from 'vitest';
import { expectEndurance } from './support/endurance.js';

it('250 changes of toxics under 30 busy connections lose nothing and leave nothing behind', async () =>
  expectEndurance(250, 30));
