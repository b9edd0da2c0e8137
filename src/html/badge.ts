import type { RunResult } from '../result/schema.js';
import { labelWidth } from './charts/geometry.js';
import { clip, html } from './html.js';

/** Grounds on which white text has a contrast of at least 4.5:1. */
const GROUNDS: Readonly<Record<RunResult['verdict'], string>> = {
  passed: '#1b6b3a',
  failed: '#b3201a',
  inconclusive: '#855400',
  errored: '#6a3a9c',
  aborted: '#4d5660',
};

/**
 * `payment-slow | passed` as an SVG document of its own, for a README. A fault that may still be active outweighs the
 * verdict here too.
 */
export function badgeSvg(result: RunResult): string {
  const left = clip(result.run.scenario.name, 40);
  const right = result.cleanup.proven ? result.verdict : 'not cleaned up';
  const ground = GROUNDS[result.cleanup.proven ? result.verdict : 'failed'];
  const widths = [left, right].map((text) => Math.round(labelWidth(text, 11) * 1.1) + 14);
  const [first = 0, second = 0] = widths;
  const width = first + second;
  return `${
    html`<svg
      xmlns="http://www.w3.org/2000/svg"
      width="${width}"
      height="20"
      viewBox="0 0 ${width} 20"
      role="img"
      aria-label="${left}: ${right}"
    >
      <title>${left}: ${right}</title>
      <rect width="${width}" height="20" rx="3" fill="${ground}" />
      <path d="M3 0H${first}V20H3a3 3 0 0 1 -3 -3V3a3 3 0 0 1 3 -3z" fill="#3b424a" />
      <g fill="#ffffff" font-family="Verdana, DejaVu Sans, sans-serif" font-size="11" text-anchor="middle">
        <text x="${first / 2}" y="14">${left}</text>
        <text x="${first + second / 2}" y="14">${right}</text>
      </g>
    </svg>`.text
  }\n`;
}
