import { describe, expect, it } from 'vitest';
import { STYLES } from '../../src/html/theme.js';

/** The custom properties of the light and the dark theme, as the style sheet sets them. */
function themes(): Record<'light' | 'dark', Record<string, string>> {
  const blocks = Array.from(STYLES.matchAll(/:root \{([^}]*--ground:[^}]*)\}/g), (match) => match[1] ?? '');
  const read = (text: string): Record<string, string> =>
    Object.fromEntries(Array.from(text.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g), (match) => [match[1], match[2]]));
  return { light: read(blocks[0] ?? ''), dark: read(blocks[1] ?? '') };
}

/** WCAG 2.2, relative luminance and contrast ratio. */
function contrast(a: string, b: string): number {
  const luminance = (colour: string): number => {
    const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
      const channel = Number.parseInt(colour.slice(at, at + 2), 16) / 255;
      return channel <= 0.03928 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const [dark = 0, light = 0] = [luminance(a), luminance(b)].sort((x, y) => x - y);
  return (light + 0.05) / (dark + 0.05);
}

const STATES = ['passed', 'failed', 'inconclusive', 'errored', 'aborted'];
const BANDS = ['ground', 'band-fault', 'band-recovery', 'band-warmup', 'band-baseline'];
const TEXT: [string, string[]][] = [
  ['ink', ['ground', 'raised', ...STATES.map((state) => `tint-${state}`)]],
  ['muted', ['raised', ...BANDS, ...STATES.map((state) => `tint-${state}`)]],
  ['link', ['ground', 'raised']],
  ['failed', [...BANDS]],
  ['fault', BANDS],
  ['p95', ['ground']],
  ['p99', ['ground']],
  ...['baseline', 'fault', 'recovery'].map((window): [string, string[]] => [`curve-${window}`, ['ground']]),
  ...STATES.map((state): [string, string[]] => [state, ['ground', `tint-${state}`]]),
];
const GRAPHICS: [string, string[]][] = [
  ...['p50', 'p95', 'p99', 'good', 'offered', 'answer', 'connection', 'timeout', 'unsent', 'fault', 'axis'].map(
    (name): [string, string[]] => [name, BANDS],
  ),
  ['fault', ['fault-ground']],
  ['axis', ['raised']],
];

describe.each(Object.entries(themes()))('the %s theme', (_, theme) => {
  it.each(TEXT)('shows %s as text with at least 4.5:1', (name, grounds) => {
    for (const ground of grounds) {
      expect(contrast(theme[name] ?? '', theme[ground] ?? ''), `${name} on ${ground}`).toBeGreaterThanOrEqual(4.5);
    }
  });

  it.each(GRAPHICS)('draws %s with at least 3:1', (name, grounds) => {
    for (const ground of grounds) {
      expect(contrast(theme[name] ?? '', theme[ground] ?? ''), `${name} on ${ground}`).toBeGreaterThanOrEqual(3);
    }
  });
});

describe('the contrast measure', () => {
  it('knows black on white, and sees what is too faint', () => {
    expect(contrast('#000000', '#ffffff')).toBeCloseTo(21, 5);
    expect(contrast('#bbbbbb', '#ffffff')).toBeLessThan(3);
  });
});
