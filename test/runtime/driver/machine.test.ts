import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { byHand, missing } from '../../../runtime/driver/advice.ts';
import { mirrorOf, parseDeb822, parseOneLine, readAptSources } from '../../../runtime/driver/apt-sources.ts';
import { isLibrary } from '../../../runtime/driver/cached-driver.ts';
import { parseOsRelease } from '../../../runtime/driver/machine.ts';
import type { Machine } from '../../../runtime/driver/machine.ts';

const bookworm = parseOsRelease(`PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"
VERSION_ID="12"
VERSION_CODENAME=bookworm
ID=debian
`);
const trixie = parseOsRelease('ID=debian\nVERSION_ID="13"\nVERSION_CODENAME=trixie\n');
const mint = parseOsRelease('ID=linuxmint\nID_LIKE="ubuntu debian"\n');
const fedora = parseOsRelease("ID=fedora\nVERSION_ID=42\nPRETTY_NAME='Fedora Linux 42'\n");
const alien = parseOsRelease('ID=void\n');

test('os-release', () => {
  expect(bookworm).toEqual({ id: 'debian', like: [], version: '12', codename: 'bookworm', name: 'Debian GNU/Linux 12 (bookworm)' }); // prettier-ignore
  expect(mint?.like).toEqual(['ubuntu', 'debian']);
  expect(fedora?.name).toBe('Fedora Linux 42');
  expect(parseOsRelease('')).toBeNull();
});

describe("apt's sources", () => {
  test('one line each', () => {
    const text = '# deb http://no x main\ndeb [arch=amd64 signed-by=/a] http://m/debian/ bookworm main\ndeb-src http://m/s bookworm main\n'; // prettier-ignore
    expect(parseOneLine(text)).toEqual([{ uri: 'http://m/debian', suite: 'bookworm' }]);
  });

  test('deb822', () => {
    const text = `Types: deb
# a comment
URIs: http://m/debian
Suites: bookworm bookworm-updates
Components: main

Types: deb-src
URIs: http://src
Suites: bookworm

Enabled: no
Types: deb
URIs: http://off
Suites: bookworm
`;
    expect(parseDeb822(text)).toEqual([
      { uri: 'http://m/debian', suite: 'bookworm' },
      { uri: 'http://m/debian', suite: 'bookworm-updates' },
    ]);
  });

  test('all files of a folder, but those of other names', () => {
    const folder = mkdtempSync(join(tmpdir(), 'modelc-apt-'));
    mkdirSync(join(folder, 'sources.list.d'));
    writeFileSync(join(folder, 'sources.list'), 'deb http://a bookworm main\n');
    writeFileSync(join(folder, 'sources.list.d/b.list'), 'deb http://b bookworm-backports main\n');
    writeFileSync(join(folder, 'sources.list.d/c.sources'), 'Types: deb\nURIs: http://c\nSuites: bookworm\n');
    writeFileSync(join(folder, 'sources.list.d/d.list.disabled'), 'deb http://d bookworm main\n');
    const sources = readAptSources(folder);
    rmSync(folder, { recursive: true });
    expect(sources.map(({ uri }) => uri)).toEqual(['http://a', 'http://b', 'http://c']);
    expect(mirrorOf(sources, 'bookworm-backports')).toBe('http://b');
    expect(mirrorOf(sources, 'trixie')).toBe('http://deb.debian.org/debian');
    expect(readAptSources('/nonexistent')).toEqual([]);
  });
});

const bare: Machine = { platform: 'linux', arch: 'x64', root: false, distribution: bookworm, apt: true, loader: null, drivers: [], mesa: null }; // prettier-ignore

test.each<[string, Partial<Machine>, string[]]>([
  ['nothing there', {}, ['the Vulkan loader (libvulkan.so.1) is not installed', 'no Vulkan driver is installed']],
  ['a Mesa that is too old', { loader: '/l', drivers: ['/d'], mesa: '22.3.6-1+deb12u2' }, ['Mesa 22.3.6 is installed, but Dawn refuses it: it needs a newer one']], // prettier-ignore
  ['all well', { loader: '/l', drivers: ['/d'], mesa: '25.0.7-2~bpo12+1' }, []],
  ['no Linux', { platform: 'darwin' }, []],
])('missing: %s', (_, change, faults) => {
  expect(missing({ ...bare, ...change })).toEqual(faults);
});

test.each<[string, Partial<Machine>, string]>([
  ['Debian 12', {}, 'sudo apt-get install -t bookworm-backports mesa-vulkan-drivers libvulkan1'],
  ['Debian 12, root', { root: true }, 'apt-get install -t bookworm-backports mesa-vulkan-drivers libvulkan1'],
  ['Debian 13', { distribution: trixie }, 'sudo apt-get install mesa-vulkan-drivers libvulkan1'],
  ['like Ubuntu', { distribution: mint }, 'sudo apt-get install mesa-vulkan-drivers libvulkan1'],
  ['Fedora', { distribution: fedora, apt: false }, 'sudo dnf install mesa-vulkan-drivers vulkan-loader'],
  ['unknown', { distribution: alien, apt: false }, "Install Mesa's Vulkan drivers (lavapipe) and the Vulkan loader."],
  ['macOS', { platform: 'darwin', distribution: null }, 'This platform brings an adapter of its own: install or update its graphics driver.'], // prettier-ignore
])('by hand: %s', (_, change, command) => {
  expect(byHand({ ...bare, ...change }).at(-1)).toBe(command);
});

test.each([
  ['libLLVM-15.so.1', true],
  ['libz3.so.4', true],
  ['libvulkan.so.1.3.239', true],
  ['libvulkan_lvp.so', false],
  ['libVkLayer_MESA_overlay.so', false],
  ['cmake', false],
])('%s is loaded beforehand: %s', (file, loaded) => {
  expect(isLibrary(file)).toBe(loaded);
});
