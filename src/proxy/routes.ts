export interface Target {
  /** Decoded. */
  path: string;
  /** With its question mark, as sent. */
  query: string;
}

/** The request's target, decoded; undefined when the encoding is broken. */
export function decodeTarget(url: string): Target | undefined {
  const mark = url.indexOf('?');
  const rawPath = mark < 0 ? url : url.slice(0, mark);
  try {
    return { path: decodeURIComponent(rawPath), query: mark < 0 ? '' : url.slice(mark) };
  } catch {
    return undefined;
  }
}

/** The path without `//`, `/./` and `/../`; a trailing slash stays. */
export function cleanPath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '' && part !== '.') parts.push(part);
  }
  const clean = `/${parts.join('/')}`;
  return path.endsWith('/') && clean !== '/' ? `${clean}/` : clean;
}

/** A decoded path as the original writes it into `Location`: it escapes what `encodeURI` leaves alone, too. */
export function escapePath(path: string): string {
  return encodeURI(path).replace(/[?#!*'()]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
}

/** Is it a path of the pattern (`:x` is any one segment)? @returns the segments for `:x`, in order */
export function matchPath(pattern: string, path: string): string[] | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const found: string[] = [];
  for (const [index, part] of wanted.entries()) {
    const segment = given[index] ?? '';
    if (part.startsWith(':')) {
      if (segment === '') return undefined;
      found.push(segment);
    } else if (part !== segment) return undefined;
  }
  return found;
}
