// Takes: apt's lists of package sources. Gives: the mirror they use for a release.
// Promises: both formats are read: one line each (sources.list) and deb822 (*.sources); disabled entries are skipped.
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

export interface AptSource {
  readonly uri: string;
  readonly suite: string;
}

/** Entries of /etc/apt, binary packages only. */
export function readAptSources(folder = '/etc/apt'): AptSource[] {
  const parts = join(folder, 'sources.list.d');
  const more = existsSync(parts) ? readdirSync(parts).sort().map((name) => join(parts, name)) : []; // prettier-ignore
  return [join(folder, 'sources.list'), ...more].flatMap((path) => {
    if (!existsSync(path)) return [];
    if (path.endsWith('.list')) return parseOneLine(readFileSync(path, 'utf8'));
    return path.endsWith('.sources') ? parseDeb822(readFileSync(path, 'utf8')) : [];
  });
}

/** `deb [options] uri suite component...` */
export function parseOneLine(text: string): AptSource[] {
  return text.split('\n').flatMap((line) => {
    const [, uri, suite] = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)/.exec(line) ?? [];
    return uri !== undefined && suite !== undefined ? [{ uri: trimSlash(uri), suite }] : [];
  });
}

export function parseDeb822(text: string): AptSource[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const fields = new Map<string, string[]>();
    for (const line of stanza.split('\n')) {
      const [, key, value] = /^([A-Za-z-]+):\s*(.*)$/.exec(line) ?? [];
      if (key !== undefined) fields.set(key.toLowerCase(), (value ?? '').split(/\s+/));
    }
    if (fields.get('enabled')?.[0] === 'no' || !fields.get('types')?.includes('deb')) return [];
    const suites = fields.get('suites') ?? [];
    return (fields.get('uris') ?? []).flatMap((uri) => suites.map((suite) => ({ uri: trimSlash(uri), suite })));
  });
}

/** The mirror that serves `suite`, or Debian's own. */
export function mirrorOf(sources: readonly AptSource[], suite: string): string {
  return sources.find((source) => source.suite === suite)?.uri ?? 'http://deb.debian.org/debian';
}

const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';

/** Debian's main component of `suites`, as lines of a sources.list. */
export function debianSources(mirror: string, suites: readonly string[]): string {
  const option = existsSync(keyring) ? `[signed-by=${keyring}] ` : '';
  return suites.map((suite) => `deb ${option}${mirror} ${suite} main\n`).join('');
}

function trimSlash(uri: string): string {
  return uri.replace(/\/+$/, '');
}
