import { expect, it } from 'vitest';
import { describeWith } from '../support/needs.js';
import { startRealToxiproxy } from '../targets/toxiproxy-servers.js';
import { campaign, setStage } from './campaign.js';

describeWith(['toxiproxy'], 'kill -9 of the conductor, 200 times', () => {
  it('leaves 0 faults behind and touches 0 strangers', { timeout: 900_000 }, async () => {
    await using stage = await setStage(startRealToxiproxy);
    const tookMs = (await campaign(stage, 200, 20_260_101)).sort((a, b) => a - b);
    console.log(
      `watchdog: ${tookMs.length} kills, clean after median ${tookMs[tookMs.length >> 1]?.toFixed(0)} ms, max ${tookMs.at(-1)?.toFixed(0)} ms`,
    );
    expect(tookMs.at(-1)).toBeLessThan(2000);
  });
});
