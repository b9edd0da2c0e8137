import type { RunResult } from '../../result/schema.js';
import { clip, html, type Markup } from '../html.js';
import { svg } from './figure.js';
import { labelWidth, px, type Frame } from './geometry.js';

type Link = RunResult['topology']['links'][number];

export interface TopologyNode {
  name: string;
  layer: number;
  /** Names of the faults that hit it. */
  faults: string[];
  /** False: a fault hit it and there is no proof that it is gone. */
  putBack: boolean;
}

export interface TopologyEdge {
  link: Link;
  faults: string[];
  putBack: boolean;
}

/** Services in layers from left to right, callers before the called; cycles are cut where they close. */
export function topologyOf(result: Pick<RunResult, 'topology' | 'faults'>): {
  nodes: TopologyNode[];
  edges: TopologyEdge[];
} {
  const { services, links } = result.topology;
  const names = [...new Set([...services.map(({ name }) => name), ...links.flatMap(({ from, to }) => [from, to])])];
  const layers = layersOf(names, links);
  const hits = (kinds: readonly string[], name: string): { faults: string[]; putBack: boolean } => {
    const faults = result.faults.filter(
      (fault) =>
        fault.requestedS !== null &&
        fault.targets.some((target) => kinds.includes(target.kind) && target.name === name),
    );
    return {
      faults: faults.map((fault) => `${fault.id} ${fault.title}`),
      putBack: faults.every((fault) => fault.undoProof?.status === 'confirmed'),
    };
  };
  return {
    nodes: names.map((name) => ({
      name,
      layer: layers.get(name) ?? 0,
      ...hits(['process', 'container', 'machine'], name),
    })),
    edges: links.map((link) => ({ link, ...hits(['link'], link.name) })),
  };
}

const NODE = { width: 124, height: 46 };

/** Boxes and arrows. What a fault hit is drawn heavy and dashed, with the fault's name and a sign, not by colour alone. */
export function topologyChart(result: Pick<RunResult, 'topology' | 'faults'>, frame: Frame): Markup {
  const { nodes, edges } = topologyOf(result);
  const depth = Math.max(0, ...nodes.map(({ layer }) => layer)) + 1;
  const sideways = !frame.narrow && depth <= 4;
  const { places, height } = place(nodes, depth, sideways, frame.width);
  const drawnEdges = edges.map((edge, at) => {
    const from = places.get(edge.link.from);
    const to = places.get(edge.link.to);
    if (from === undefined || to === undefined) return '';
    const twin = edges.slice(0, at).filter(({ link }) => samePair(link, edge.link)).length;
    return drawEdge(edge, from, to, sideways, twin, frame);
  });
  return svg(frame.width, height, [
    html`<g>${drawnEdges}</g>`,
    html`<g>${nodes.map((node) => drawNode(node, places.get(node.name), frame))}</g>`,
  ]);
}

/** The same as text for Mermaid. Names stand in quotes, with what would end them replaced. */
export function mermaid(result: RunResult): string {
  const { nodes, edges } = topologyOf(result);
  const ids = new Map(nodes.map(({ name }, at) => [name, `n${at}`]));
  const label = (text: string): string =>
    clip(text, 60)
      .replace(/[\p{Cc}\p{Surrogate}\u200E\u200F\u202A-\u202E\u2066-\u2069]+/gu, ' ')
      .replace(/[#"<>&|`\\]/g, (character) => `#${character.codePointAt(0)};`);
  const lines = ['flowchart LR'];
  for (const node of nodes)
    lines.push(`  ${ids.get(node.name)}["${[node.name, ...node.faults].map(label).join('<br>')}"]`);
  for (const { link, faults } of edges) {
    const text = [`${link.name} (${link.protocol})`, ...faults].map(label).join('<br>');
    lines.push(
      `  ${ids.get(link.from)} ${faults.length > 0 ? '-.' : '--'} "${text}" ${faults.length > 0 ? '.->' : '-->'} ${ids.get(link.to)}`,
    );
  }
  const hit = nodes.filter(({ faults }) => faults.length > 0).map(({ name }) => ids.get(name));
  if (hit.length > 0)
    lines.push('  classDef hit stroke-width:3px,stroke-dasharray:5 3', `  class ${hit.join(',')} hit`);
  return `${lines.join('\n')}\n`;
}

function layersOf(names: readonly string[], links: readonly Link[]): Map<string, number> {
  const layers = new Map<string, number>();
  const visiting = new Set<string>();
  const incoming = new Map<string, string[]>();
  for (const { from, to } of links) incoming.set(to, [...(incoming.get(to) ?? []), from]);
  const layerOf = (name: string): number => {
    const known = layers.get(name);
    if (known !== undefined) return known;
    if (visiting.has(name)) return -1;
    visiting.add(name);
    const layer = Math.max(-1, ...(incoming.get(name) ?? []).map(layerOf)) + 1;
    visiting.delete(name);
    layers.set(name, layer);
    return layer;
  };
  for (const name of names) layerOf(name);
  return layers;
}

interface Place {
  x: number;
  y: number;
}

function place(
  nodes: TopologyNode[],
  depth: number,
  sideways: boolean,
  width: number,
): { places: Map<string, Place>; height: number } {
  const places = new Map<string, Place>();
  const counts = Array.from({ length: depth }, (_, layer) => nodes.filter((node) => node.layer === layer).length);
  const most = Math.max(1, ...counts);
  // Room for a label beside a link and below a box.
  const rowHeight = sideways ? NODE.height + 54 : NODE.height + 74;
  const height = (sideways ? most : depth) * rowHeight + (sideways ? 6 : -40);
  const seen = Array.from({ length: depth }, () => 0);
  for (const node of nodes) {
    const at = seen[node.layer] ?? 0;
    seen[node.layer] = at + 1;
    const share = (at + 0.5) / (counts[node.layer] ?? 1);
    const along = depth === 1 ? 0.5 : node.layer / (depth - 1);
    places.set(
      node.name,
      sideways
        ? { x: NODE.width / 2 + 8 + along * (width - NODE.width - 16), y: share * height - 8 }
        : { x: share * width, y: NODE.height / 2 + 4 + node.layer * rowHeight },
    );
  }
  return { places, height };
}

function drawNode(node: TopologyNode, at: Place | undefined, frame: Frame): Markup | string {
  if (at === undefined) return '';
  const hit = node.faults.length > 0;
  const x = at.x - NODE.width / 2;
  const y = at.y - NODE.height / 2;
  const faults = clip(node.faults.join(', '), 28);
  return html`<g class="node${hit ? ' hit' : ''}"
    ><rect x="${px(x)}" y="${px(y)}" width="${NODE.width}" height="${NODE.height}" rx="8" /><text
      x="${px(at.x)}"
      y="${px(at.y + frame.fontSize * 0.35)}"
      text-anchor="middle"
      >${clip(node.name, 15)}</text
    >${hit && html`${sign(x + NODE.width - 4, y + 2, node.putBack)}<text x="${px(at.x)}" y="${px(y + NODE.height + frame.fontSize + 4)}" text-anchor="middle" class="fault-name">${faults}</text>`}</g
  >`;
}

function drawEdge(
  { link, faults, putBack }: TopologyEdge,
  from: Place,
  to: Place,
  sideways: boolean,
  twin: number,
  frame: Frame,
): Markup {
  const shift = twin * 18;
  const a = border(from, to);
  const b = border(to, from);
  const middle = { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 + shift };
  const hit = faults.length > 0;
  const room = sideways ? Math.max(60, Math.abs(b.x - a.x) - 12) : frame.width / 2 - 16;
  const letters = Math.max(6, Math.floor(room / labelWidth('x', frame.fontSize)));
  const label = clip(link.name, letters);
  const second = hit ? clip(faults.join(', '), letters) : link.protocol;
  const textX = sideways ? middle.x : middle.x + 10;
  const anchor = sideways ? 'middle' : 'start';
  const firstY = sideways ? middle.y - 9 : middle.y - 3;
  const secondY = sideways ? middle.y + frame.fontSize + 9 : middle.y + frame.fontSize;
  return html`<g class="link${hit ? ' hit' : ''}"
    ><path
      d="M${px(a.x)} ${px(a.y)}Q${px(middle.x)} ${px(middle.y + shift)} ${px(b.x)} ${px(b.y)}"
      marker-end="url(#arrow${hit ? '-hit' : ''})"
    />${hit && sign(middle.x - (sideways ? 0 : 0), middle.y, putBack)}<text
      x="${px(textX + (hit && !sideways ? 6 : 0))}"
      y="${px(firstY - (hit && sideways ? 4 : 0))}"
      text-anchor="${anchor}"
      >${label}</text
    ><text
      x="${px(textX + (hit && !sideways ? 6 : 0))}"
      y="${px(secondY + (hit && sideways ? 2 : 0))}"
      text-anchor="${anchor}"
      class="${hit ? 'fault-name' : 'muted'}"
      >${clip(second, letters)}</text
    ></g
  >`;
}

/** A round sign on what was hit: a tick where it was put back, else an exclamation mark. */
function sign(x: number, y: number, putBack: boolean): Markup {
  const shape = putBack ? 'M-4 0.5l3 3l5 -6' : 'M0 -5v6M0 4.4v0.4';
  return html`<g transform="translate(${px(x)} ${px(y)})" class="sign ${putBack ? 'passed' : 'failed'}"
    ><circle r="9" /><path d="${shape}"
  /></g>`;
}

/** Where the straight line from the middle of one box to another leaves the first. */
function border(from: Place, to: Place): Place {
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const factor = Math.min(
    dx === 0 ? Infinity : (NODE.width / 2 + 3) / Math.abs(dx),
    dy === 0 ? Infinity : (NODE.height / 2 + 3) / Math.abs(dy),
  );
  return Number.isFinite(factor) ? { x: from.x + dx * factor, y: from.y + dy * factor } : from;
}

function samePair(a: Link, b: Link): boolean {
  return (a.from === b.from && a.to === b.to) || (a.from === b.to && a.to === b.from);
}
