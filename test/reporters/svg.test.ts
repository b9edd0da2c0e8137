import { SaxesParser } from 'saxes';
import { describe, expect, it } from 'vitest';
import { badgeSvg } from '../../src/html/badge.js';
import { chartFiles } from '../../src/html/standalone-svg.js';
import { sampleResult, variants } from '../support/sample-result.js';

/** Reads XML strictly with name spaces, and gives back the names of its elements. */
function elements(xml: string): string[] {
  const names: string[] = [];
  const parser = new SaxesParser({ xmlns: true });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ local, uri }) => names.push(`${uri === 'http://www.w3.org/2000/svg' ? '' : '?'}${local}`));
  parser.write(xml).close();
  return names;
}

describe('the badge', () => {
  it.each(Object.entries({ passed: sampleResult, ...variants }))('is an SVG document: %s', (_, make) => {
    const names = elements(badgeSvg(make()));
    expect(names[0]).toBe('svg');
    expect(new Set(names)).toEqual(new Set(['svg', 'title', 'rect', 'path', 'g', 'text']));
  });

  it('says the verdict, and never green what was not put back', () => {
    expect(badgeSvg(sampleResult())).toContain('aria-label="payment-slow: passed"');
    expect(badgeSvg(sampleResult())).toContain('#1b6b3a');
    expect(badgeSvg(variants.uncleaned())).toContain('payment-slow: not cleaned up');
    expect(badgeSvg(variants.uncleaned())).not.toContain('#1b6b3a');
  });
});

describe('charts on their own', () => {
  it.each(Object.entries({ passed: sampleResult, ...variants }))(
    'are SVG documents that ask for nothing: %s',
    (_, make) => {
      for (const { name, svg } of chartFiles(make())) {
        expect(name).toMatch(/^[\w-]+\.svg$/);
        const names = elements(svg);
        expect(names.slice(0, 3)).toEqual(['svg', 'title', 'style']);
        expect(
          names.filter((item) => /^\?|script|image|foreignObject|use|^a$/.test(item) && item.startsWith('?')),
        ).toEqual([]);
        expect(names).not.toContain('script');
        expect(svg).not.toMatch(/url\((?!#)|@import|href=/);
      }
    },
  );

  it('are the timelines, the response times and the system', () => {
    expect(chartFiles(sampleResult()).map(({ name }) => name)).toEqual([
      'timeline-1-checkouts.svg',
      'timeline-2-shoppers.svg',
      'response-times-1-checkouts.svg',
      'response-times-2-shoppers.svg',
      'system.svg',
    ]);
  });
});
