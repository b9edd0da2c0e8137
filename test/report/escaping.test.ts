import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clip, escapeHtml, html, join, raw } from '../../src/html/html.js';
import { sha256Base64 } from '../../src/html/sha256.js';

describe('the escaping tag', () => {
  it('escapes every value in text and attributes', () => {
    const attack = `"><img src=x onerror='x'>&`;
    expect(html`<p title="${attack}">${attack}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;&amp;">&quot;&gt;&lt;img src=x onerror=&#39;x&#39;&gt;&amp;</p>',
    );
  });

  it('takes markup as it is, and lists, and leaves out what is nothing', () => {
    expect(html`${[html`<b>1</b>`, ' & ', 2]}${false}${null}${undefined}${0}`.text).toBe('<b>1</b> &amp; 20');
    expect(join(['a', html`<br />`, 'b'], raw('&nbsp;')).text).toBe('a&nbsp;<br />&nbsp;b');
  });

  it('does not take an object for markup that only looks like it', () => {
    const forged = { text: '<script>' } as unknown as string;
    expect(() => html`${forged}`.text).toThrow();
  });

  it('makes invisible characters visible', () => {
    expect(escapeHtml('a\u0000b\u001B[31mc\u202Ed\uD800e\uFFFEf')).toBe('a\uFFFDb\uFFFD[31mc\uFFFDd\uFFFDe\uFFFDf');
    expect(escapeHtml('tab\tand\nline')).toBe('tab\tand\nline');
  });

  it('lets no character through that could open a tag, end an attribute or turn the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(escapeHtml(text)).not.toMatch(/[<>"']|[\u202A-\u202E\u2066-\u2069]|\p{Surrogate}/u);
        expect(escapeHtml(text).replaceAll(/&(?:amp|lt|gt|quot|#39);/g, '')).not.toContain('&');
      }),
    );
  });

  it('clips by whole characters', () => {
    expect(clip('x'.repeat(10_000), 10)).toBe(`${'x'.repeat(9)}…`);
    expect(clip('🚢'.repeat(20), 10)).toBe(`${'🚢'.repeat(9)}…`);
    expect(clip('short', 10)).toBe('short');
  });
});

describe('SHA-256', () => {
  it('agrees with Node for every length and content', () => {
    const expected = (text: string): string => createHash('sha256').update(text, 'utf8').digest('base64');
    for (let length = 0; length < 200; length++) {
      const text = 'a'.repeat(length);
      expect(sha256Base64(text)).toBe(expected(text));
    }
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 500 }), (text) => {
        expect(sha256Base64(text)).toBe(expected(text));
      }),
    );
  });
});
