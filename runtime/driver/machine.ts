// Takes: the machine. Gives: what a Vulkan driver needs that is here, and what is not.
// Promises: nothing is changed, nothing is loaded; a file that cannot be read counts as absent.
import { accessSync, constants, existsSync, readFileSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { runCommand } from './run-command.ts';

export interface Machine {
  readonly platform: string;
  readonly arch: string;
  readonly root: boolean;
  readonly distribution: Distribution | null;
  /** apt-get and dpkg-deb are there. */
  readonly apt: boolean;
  /** The Vulkan loader's file, or null. */
  readonly loader: string | null;
  /** Driver descriptions (ICD files) that the loader finds. */
  readonly drivers: readonly string[];
  /** Version of the installed package mesa-vulkan-drivers, e.g. `22.3.6-1+deb12u2`. */
  readonly mesa: string | null;
}

export interface Distribution {
  /** `debian`, `ubuntu`, `fedora`, ... */
  readonly id: string;
  readonly like: readonly string[];
  readonly version: string;
  /** `bookworm`, `noble`, ...; empty where there is none. */
  readonly codename: string;
  /** For people: `Debian GNU/Linux 12 (bookworm)`. */
  readonly name: string;
}

export async function inspectMachine(): Promise<Machine> {
  const { platform, arch } = process;
  const root = process.getuid?.() === 0;
  if (platform !== 'linux') {
    return { platform, arch, root, distribution: null, apt: false, loader: null, drivers: [], mesa: null };
  }
  const apt = onPath('apt-get') && onPath('dpkg-deb');
  return {
    platform,
    arch,
    root,
    distribution: parseOsRelease(read('/etc/os-release')),
    apt,
    loader: findLoader(),
    drivers: findDrivers(),
    mesa: apt ? await installedVersion('mesa-vulkan-drivers') : null,
  };
}

/** os-release(5). */
export function parseOsRelease(text: string): Distribution | null {
  const facts = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, key, value] = /^([A-Z_]+)=(.*)$/.exec(line.trim()) ?? [];
    if (key !== undefined && value !== undefined) facts.set(key, value.replace(/^(["'])(.*)\1$/, '$2'));
  }
  const id = facts.get('ID');
  if (id === undefined) return null;
  return {
    id,
    like: (facts.get('ID_LIKE') ?? '').split(' ').filter((one) => one !== ''),
    version: facts.get('VERSION_ID') ?? '',
    codename: facts.get('VERSION_CODENAME') ?? '',
    name: facts.get('PRETTY_NAME') ?? id,
  };
}

export const libraryFolders: readonly string[] = [
  `/usr/lib/${triplet(process.arch)}`,
  `/lib/${triplet(process.arch)}`,
  '/usr/lib64',
  '/lib64',
  '/usr/lib',
  '/lib',
  '/usr/local/lib',
];

/** Debian's name of an architecture's library folder. */
export function triplet(arch: string): string {
  return arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
}

function findLoader(): string | null {
  const paths = libraryFolders.map((folder) => join(folder, 'libvulkan.so.1'));
  return paths.find((path) => existsSync(path)) ?? null;
}

/** Where the loader looks: its documentation, "Driver Discovery". */
function findDrivers(): string[] {
  const named = process.env['VK_DRIVER_FILES'] ?? process.env['VK_ICD_FILENAMES'];
  if (named !== undefined) return named.split(delimiter).filter((path) => path !== '' && existsSync(path));
  const home = process.env['HOME'] ?? '';
  const configured = (process.env['XDG_DATA_DIRS'] ?? '/usr/local/share:/usr/share').split(delimiter);
  const folders = ['/usr/local/etc', '/etc', ...configured, join(home, '.local/share')];
  return [...new Set(folders)].flatMap((folder) => listJson(join(folder, 'vulkan/icd.d')));
}

function listJson(folder: string): string[] {
  try {
    const names = readdirSync(folder).filter((name) => name.endsWith('.json'));
    return names.sort().map((name) => join(folder, name));
  } catch {
    return [];
  }
}

async function installedVersion(name: string): Promise<string | null> {
  try {
    const [status, version] = (await runCommand('dpkg-query', ['-W', '-f', '${db:Status-Status} ${Version}', name])).split(' '); // prettier-ignore
    return status === 'installed' ? (version ?? null) : null;
  } catch {
    return null; // not known to dpkg
  }
}

function onPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
